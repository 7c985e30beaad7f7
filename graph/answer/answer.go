// Package answer writes the objects of an answer. Fields that only need a value in
// memory are written into the text of their object at once, without a goroutine, a
// context or a closure for each. The generated code decides which these are: see
// graph/generate.
package answer

import (
	"context"
	"math"
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
	*Sets
}

// New returns an operation whose answer is counted by the meter; nil for no count.
// shared has the fields of its selections from other executions; nil if variables decide
// which fields these are.
func New(m Meter, shared *Sets) *Operation {
	if shared == nil {
		shared = NewSets(math.MaxInt)
	}
	return &Operation{m, shared}
}

type operationKey struct{}

// With returns a context that carries the operation.
func With(ctx context.Context, op *Operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// Carried is the operation, for the value of a context that carries it in another way; not
// ok for other keys.
func (op *Operation) Carried(key any) (value any, ok bool) {
	if _, ok := key.(operationKey); ok {
		return op, true
	}
	return nil, false
}

func operationOf(ctx context.Context) *Operation {
	if op, ok := ctx.Value(operationKey{}).(*Operation); ok {
		return op
	}
	return New(nil, nil)
}

// Sets are the fields of selections, each collected once.
type Sets struct {
	mu   sync.RWMutex
	room int // how many more fields are kept
	sets map[setKey]*set
}

// NewSets returns sets that keep at most so many fields.
func NewSets(most int) *Sets { return &Sets{room: most, sets: map[setKey]*set{}} }

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
func (from *Sets) set(oc *graphql.OperationContext, selection ast.SelectionSet, types []string) *set {
	key := setKey{&selection[0], len(selection), &types[0]}
	from.mu.RLock()
	s, ok := from.sets[key]
	from.mu.RUnlock()
	if ok {
		return s
	}
	s = &set{fields: graphql.CollectFields(oc, selection, types)}
	from.mu.Lock()
	defer from.mu.Unlock()
	if known, ok := from.sets[key]; ok {
		return known
	}
	if from.room >= len(s.fields) {
		from.room -= len(s.fields)
		from.sets[key] = s
	}
	return s
}
