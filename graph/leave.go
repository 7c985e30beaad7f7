package graph

import (
	"context"
	"fmt"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph/model"
)

// LeaveDialogs leaves each dialog separately. If one fails, even because of the store,
// only that one is reported as failed: the caller has to know which dialogs were left.
func (m mutations) LeaveDialogs(ctx context.Context, ids []string) (*model.LeaveDialogsPayload, error) {
	c := m.caller(ctx)
	if err := dialog.JudgeUser(c); err != nil {
		return nil, err
	}
	if most := m.service.Policy().Limits.IDsPerList; len(ids) > most {
		return nil, dialog.InvalidInput("ids", fmt.Sprintf("too many ids: %d (limit %d, --limit-ids)", len(ids), most))
	}
	left := &model.LeaveDialogsPayload{LeftIds: []string{}, Refused: []model.LeaveRefusal{}}
	done := map[string]bool{}
	for _, id := range ids {
		if done[id] {
			continue
		}
		done[id] = true
		if _, err := m.service.Update(ctx, c, id, dialog.Change{RemoveOccupants: []dialog.UserID{c.User}}); err != nil {
			r := api.RefusalOf(ctx, m.log, err)
			left.Refused = append(left.Refused, model.LeaveRefusal{DialogID: id, Code: string(r.Code), Message: r.Message})
			continue
		}
		left.LeftIds = append(left.LeftIds, id)
	}
	return left, nil
}
