package graph

import (
	"context"

	"dialogs/graph/model"
)

func (q queries) DialogChanges(ctx context.Context, after *string, first *int) (*model.DialogChanges, error) {
	c := q.caller(ctx)
	page, err := q.service.Changes(ctx, c, given(after), given(first))
	if err != nil {
		return nil, err
	}
	changes := &model.DialogChanges{
		Changed: make([]model.Dialog, len(page.Changed)), RemovedIds: make([]string, len(page.Removed)),
		Cursor: page.Cursor, HasMore: page.HasMore,
	}
	for i, d := range page.Changed {
		changes.Changed[i] = *model.NewDialog(d, c, q.service.Policy())
	}
	for i, id := range page.Removed {
		changes.RemovedIds[i] = string(id)
	}
	return changes, nil
}
