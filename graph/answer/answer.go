// Package answer writes the objects of an answer. Fields that only need a value in
// memory are written into the text of their object at once, without a goroutine, a
// context or a closure for each. The generated code decides which these are: see
// graph/generate.
package answer

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A Meter counts what an answer takes.
type Meter interface {
	// Count counts bytes of the answer, and the memory that they take in addition.
	// After an error, the object that they belong to is null.
	Count(ctx context.Context, bytes, memory int64) error
}

// An Operation is what the objects of one operation share. It can be used by several
// goroutines at once.
type Operation struct {
	meter Meter
	mu    sync.RWMutex
	sets  map[setKey]*set
}

// New returns an operation whose answer is counted by the meter; nil for no count.
func New(m Meter) *Operation { return &Operation{meter: m, sets: map[setKey]*set{}} }

type operationKey struct{}

// With returns a context that carries the operation.
func With(ctx context.Context, op *Operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

func operationOf(ctx context.Context) *Operation {
	if op, ok := ctx.Value(operationKey{}).(*Operation); ok {
		return op
	}
	return New(nil)
}

// A setKey tells a selection of fields of one type.
type setKey struct {
	first *ast.Selection
	count int
	types *string
}

// A set has the fields that are selected of a type.
type set struct {
	fields []graphql.CollectedField
	// length is that of the latest object's text.
	length atomic.Int64
}

// set collects the fields of a selection, once.
func (op *Operation) set(oc *graphql.OperationContext, selection ast.SelectionSet, types []string) *set {
	key := setKey{&selection[0], len(selection), &types[0]}
	op.mu.RLock()
	s, ok := op.sets[key]
	op.mu.RUnlock()
	if ok {
		return s
	}
	s = &set{fields: graphql.CollectFields(oc, selection, types)}
	op.mu.Lock()
	defer op.mu.Unlock()
	op.sets[key] = s
	return s
}
