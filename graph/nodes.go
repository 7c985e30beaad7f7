package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
	"dialogs/graph/model"
)

// Nodes reads each node separately, and repeated ids once. If the store is unavailable,
// the whole field fails, because the other ids would have to wait for it, too.
func (q queries) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if most := q.service.Policy().Limits.IDsPerList; len(ids) > most {
		return nil, dialog.InvalidInput("ids", fmt.Sprintf("too many ids: %d (limit %d)", len(ids), most))
	}
	nodes, read := make([]model.Node, len(ids)), map[string]model.Node{}
	for i, id := range ids {
		if node, ok := read[id]; ok {
			nodes[i] = node
			continue
		}
		d, err := q.Dialog(ctx, id)
		switch {
		case err == nil:
			nodes[i], read[id] = d, d
		case dialog.IsCode(err, dialog.Unavailable):
			return nil, err
		default:
			graphql.AddError(graphql.WithPathContext(ctx, graphql.NewPathWithIndex(i)), ofList(err))
		}
	}
	return nodes, nil
}

// ofList changes the field that an error names from id to ids.
func ofList(err error) error {
	var known *dialog.Error
	if !errors.As(err, &known) || known.Field != "id" {
		return err
	}
	blaming := *known
	blaming.Field = "ids"
	return &blaming
}
