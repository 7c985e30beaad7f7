package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/graph/model"
)

type queries struct{ *resolver }

func (q queries) Dialog(ctx context.Context, id string) (*model.Dialog, error) {
	c := q.caller(ctx)
	withHistory := selects(graphql.GetFieldContext(ctx).Field.Selections, "history")
	most := int64(0) // a single dialog is charged after it was read
	if withHistory {
		most = q.service.Policy().Limits.MostHistoryMemory()
	}
	d, err := q.load(ctx, id, withHistory, most)
	if err != nil {
		return nil, err
	}
	return model.NewDialog(d, c, q.service.Policy()), nil
}

// selects reports whether a selection contains a field of this name, for any type.
func selects(set ast.SelectionSet, name string) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == name {
				return true
			}
		case *ast.InlineFragment:
			if selects(s.SelectionSet, name) {
				return true
			}
		case *ast.FragmentSpread:
			if selects(s.Definition.SelectionSet, name) {
				return true
			}
		}
	}
	return false
}

func (q queries) Node(ctx context.Context, id string) (model.Node, error) {
	d, err := q.Dialog(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (q queries) Dialogs(ctx context.Context, scope dialog.Scope, first *int, after *string, last *int, before *string, filter *model.DialogFilter, orderBy model.DialogOrder) (*model.DialogConnection, error) {
	c := q.caller(ctx)
	request := dialog.ListRequest{
		Scope: scope, Filter: filterOf(filter), Order: orderOf(orderBy),
		First: given(first), Last: given(last), After: given(after), Before: given(before),
	}
	var page dialog.Page
	most := int64(pageLength(first, last)+1) * q.service.Policy().Limits.MostDialogMemory()
	err := loadInTurn(ctx, most, func(ctx context.Context) (memory int64, err error) {
		page, err = q.service.List(ctx, c, request)
		for i := range page.Dialogs {
			memory += page.Dialogs[i].Memory()
		}
		return memory, err
	})
	if err != nil {
		return nil, err
	}
	return q.connection(&page, c), nil
}

func (q queries) Viewer(ctx context.Context) (model.Viewer, error) {
	c := q.caller(ctx)
	v := model.Viewer{Kind: c.Kind()}
	if c.User != "" {
		v.UserID = new(string(c.User))
	}
	if c.APIKey != "" {
		v.APIKeyName = &c.APIKey
	}
	return v, nil
}

func (q queries) CustomClasses(ctx context.Context) ([]dialog.Class, error) {
	classes, err := q.service.Classes(ctx, q.caller(ctx))
	if classes == nil && err == nil {
		classes = []dialog.Class{} // null would mean that the field was refused
	}
	return classes, err
}

// connection returns the caller's view of a page. It does another read only if the client
// has asked for a field that needs it.
func (q queries) connection(page *dialog.Page, c dialog.Caller) *model.DialogConnection {
	next := model.Once(func(ctx context.Context) (bool, error) { return q.service.HasNext(ctx, page) })
	previous := model.Once(func(ctx context.Context) (bool, error) { return q.service.HasPrevious(ctx, page) })
	conn := &model.DialogConnection{
		Nodes:  make([]model.Dialog, len(page.Dialogs)),
		Cursor: page.Cursor,
		Total:  func(ctx context.Context) (int, error) { return q.service.CountAll(ctx, page) },
		PageInfo: model.PageInfo{
			Next: next, Previous: previous,
			Start: model.Made(page.StartCursor), End: model.Made(page.EndCursor),
		},
	}
	if len(page.Dialogs) == 0 { // a cursor is only useful where the list continues
		conn.PageInfo.Start = previous.Then(page.StartCursor)
		conn.PageInfo.End = next.Then(page.EndCursor)
	}
	for i, d := range page.Dialogs {
		conn.Nodes[i] = *model.NewDialog(d, c, q.service.Policy())
	}
	return conn
}

type dialogs struct{ *resolver }

// History returns the records. It reads them, unless they were read together with the
// dialog.
func (r dialogs) History(ctx context.Context, obj *model.Dialog, first int) ([]model.DialogChange, error) {
	if first < 1 || first > model.MaxPage {
		return nil, dialog.InvalidInput("first", fmt.Sprintf("first must be between 1 and %d", model.MaxPage))
	}
	c, d := r.caller(ctx), obj.Domain()
	records := d.History
	if records == nil {
		fresh, err := r.load(ctx, string(d.ID), true, r.service.Policy().Limits.MostHistoryMemory())
		if err != nil {
			return nil, err
		}
		records = fresh.History
	}
	return model.NewHistory(records, d.Version, first, c), nil
}
