package graph

import (
	"context"

	"dialogs/dialog"
	"dialogs/graph/model"
)

func (q queries) DialogChanges(ctx context.Context, after *string, first *int) (*model.DialogChanges, error) {
	c := q.caller(ctx)
	var page dialog.Changes
	size := dialog.MaxPage
	if first != nil {
		size = min(max(*first, 1), dialog.MaxPage)
	}
	most := int64(size) * q.service.Policy().Limits.MostDialogMemory()
	err := loadInTurn(ctx, most, func(ctx context.Context) (memory int64, err error) {
		page, err = q.service.Changes(ctx, c, given(after), given(first))
		for i := range page.Changed {
			memory += page.Changed[i].Memory()
		}
		return memory, err
	})
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
