package answer

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A Way is how the items of a list are prepared.
type Way int

const (
	// Plain items consist of values in memory: no field of them can fail.
	Plain Way = iota
	// InOrder is one after the other.
	InOrder
	// AtOnce is several at the same time: they read from the store.
	AtOnce
)

// atOnce is how many items of a list are prepared at the same time.
const atOnce = 8

// WayOf is the way for a list of objects by what is selected of them: text are the
// fields of their type that are values in memory, and reads are the fields of any type
// that read from the store.
func WayOf(selection ast.SelectionSet, text, reads map[string]bool) Way {
	way := Plain
	for _, s := range selection {
		switch s := s.(type) {
		case *ast.Field:
			if !text[s.Name] && s.Name != "__typename" {
				way = max(way, InOrder)
			}
			if reads[s.Name] || len(s.SelectionSet) > 0 && WayOf(s.SelectionSet, nil, reads) == AtOnce {
				return AtOnce
			}
		case *ast.InlineFragment:
			way = max(way, WayOf(s.SelectionSet, text, reads))
		case *ast.FragmentSpread:
			way = max(way, WayOf(s.Definition.SelectionSet, text, reads))
		}
	}
	return way
}

// List prepares the items of a list. Other than for plain items, each has a context of
// its own, with its index.
func List(ctx context.Context, length int, way Way, item func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	if way == AtOnce {
		return graphql.MarshalSliceConcurrently(ctx, length, atOnce, false, item)
	}
	list := make(graphql.Array, length)
	for i := range list {
		if way == Plain {
			list[i] = item(ctx, i)
		} else {
			list[i] = inOrder(ctx, i, item)
		}
	}
	return list
}

func inOrder(ctx context.Context, i int, item func(ctx context.Context, i int) graphql.Marshaler) (value graphql.Marshaler) {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i})
	defer func() {
		if r := recover(); r != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, r))
			value = graphql.Null
		}
	}()
	return item(ctx, i)
}

// At notes the item that a context is for.
func At(ctx context.Context, way Way, item any) {
	if way != Plain {
		graphql.GetFieldContext(ctx).Result = item
	}
}
