package graph

import (
	"context"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph/answer"
	"dialogs/graph/model"
)

// An answering is an answer that is being prepared: its memory, and which of its root
// fields were refused because the answer is too large.
type answering struct {
	*budget.Answer
	mutation bool

	mu sync.Mutex
	// refused has one error for each refused root field, by its alias.
	refused map[string]*gqlerror.Error
}

type answeringKey struct{}

// An answeringContext carries an answering, and the operation whose objects it counts.
type answeringContext struct {
	context.Context
	answering
	operation *answer.Operation
}

// Value returns what the context carries, or a value of the one that it comes from.
func (c *answeringContext) Value(key any) any {
	if key == (answeringKey{}) {
		return &c.answering
	}
	if operation, ok := c.operation.Carried(key); ok {
		return operation
	}
	return c.Context.Value(key)
}

func answeringOf(ctx context.Context) *answering {
	a, _ := ctx.Value(answeringKey{}).(*answering)
	return a
}

// answering starts counting the memory of an answer.
func (p presenter) answering(ctx context.Context, op *execution) (context.Context, *answering) {
	return answeringIn(ctx, op, p.answers.Begin(p.caller(ctx)))
}

// answeringIn is like answering, with memory that is already counted.
func answeringIn(ctx context.Context, op *execution, memory *budget.Answer) (context.Context, *answering) {
	c := &answeringContext{Context: ctx}
	c.Answer, c.mutation = memory, op.Operation.Operation == ast.Mutation
	c.operation = answer.New(&c.answering, op.sets())
	return c, &c.answering
}

// Count charges the text of an object to the answer.
func (a *answering) Count(ctx context.Context, bytes, memory int64) error {
	if refused := a.Charge(ctx, bytes, memory); refused != nil {
		return refusedAnswer{refused}
	}
	return nil
}

// These are the bytes of memory of a field, of an element of a list, and of an item of a
// page, in addition to their text.
const (
	fieldMemory   = 256
	elementMemory = 64
	itemMemory    = 1 << 10 // with its view, cursor and goroutine
)

// chargeField charges the value of a field before it becomes part of the answer. The
// fields inside an object are charged one by one.
func chargeField(ctx context.Context, next graphql.Resolver) (any, error) {
	a := answeringOf(ctx)
	if a == nil {
		return next(ctx)
	}
	field := graphql.GetFieldContext(ctx)
	if refused := a.Refused(); refused != nil && field.Object != "Mutation" { // mutations are still executed
		return nil, refusedAnswer{refused}
	}
	value, err := next(ctx)
	if err != nil {
		return nil, err
	}
	bytes, memory := weigh(value)
	bytes += int64(len(field.Field.Alias)) + 4
	if refused := a.Charge(ctx, bytes, memory+fieldMemory); refused != nil {
		return nil, refusedAnswer{refused}
	}
	return value, nil
}

// weigh returns how many bytes a value takes in an answer, and how much memory in
// addition.
func weigh(value any) (bytes, memory int64) {
	switch value := value.(type) {
	case string:
		return budget.TextBytes(value), 0
	case *string:
		if value != nil {
			return budget.TextBytes(*value), 0
		}
	case []string:
		for _, text := range value {
			bytes += budget.TextBytes(text) + 1
		}
		return bytes, int64(len(value)) * elementMemory
	case map[string]any:
		for name, field := range value {
			raw, _ := field.(dialog.Value)
			bytes += int64(len(name)+len(raw)) + 4
		}
		return bytes, int64(len(value)) * elementMemory
	case []model.CustomData:
		return 2, int64(len(value)) * itemMemory
	case []model.DialogChange:
		return 2, int64(len(value)) * itemMemory
	case model.OccupantConnection:
		return 2, int64(len(value.Edges)) * itemMemory
	}
	return 16, 0
}

// refusedAnswer marks the refusal of an answer that is too large.
type refusedAnswer struct{ error }

func (r refusedAnswer) Unwrap() error { return r.error }

// refuse returns the error of a root field whose answer was refused; each root field has
// only one.
func (a *answering) refuse(ctx context.Context, err error) *gqlerror.Error {
	name, _ := graphql.GetPath(ctx)[0].(ast.PathName)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused[string(name)] == nil {
		refusal := api.AsRefusal(err)
		if a.mutation {
			refusal = budget.ChangeMade(err)
		}
		public := &gqlerror.Error{Message: refusal.Message, Path: ast.Path{name}, Extensions: extensions(refusal)}
		public.Locations = locationOf(rootOf(ctx))
		if a.refused == nil {
			a.refused = map[string]*gqlerror.Error{}
		}
		a.refused[string(name)] = public
	}
	return a.refused[string(name)]
}

// rootOf returns the root field that contains a field.
func rootOf(ctx context.Context) *graphql.FieldContext {
	field := graphql.GetFieldContext(ctx)
	for field != nil && field.Parent != nil && field.Parent.Field.Field != nil {
		field = field.Parent
	}
	return field
}

// withdrawRefused sets a root field to null if a part of it was refused, so that clients
// never get an incomplete value.
func withdrawRefused(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	result := next(ctx)
	a, field := answeringOf(ctx), graphql.GetRootFieldContext(ctx).Field
	if a == nil || field.Definition.Type.NonNull {
		return result
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused[field.Alias] != nil {
		return graphql.Null
	}
	return result
}

// told returns the errors of an answer, without repeated errors of refused root fields.
func (a *answering) told(errs gqlerror.List) gqlerror.List {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.refused) == 0 {
		return errs
	}
	repeats := map[string]bool{}
	return slices.DeleteFunc(errs, func(err *gqlerror.Error) bool {
		if len(err.Path) != 1 {
			return false
		}
		root, _ := err.Path[0].(ast.PathName)
		if refused := a.refused[string(root)]; refused == nil || refused.Message != err.Message {
			return false
		}
		before := repeats[string(root)]
		repeats[string(root)] = true
		return before
	})
}

// load calls read, which loads a value, and charges its memory to the answer: at most the
// given number of bytes.
func load(ctx context.Context, most int64, read func() (int64, error)) error {
	return accountOf(ctx).Load(ctx, most, read)
}

// loadInTurn is like load, for a list.
func loadInTurn(ctx context.Context, most int64, read func(context.Context) (int64, error)) error {
	return accountOf(ctx).LoadInTurn(ctx, most, read)
}

// accountOf returns the account of the answer; nil if nothing is counted.
func accountOf(ctx context.Context) *budget.Answer {
	if a := answeringOf(ctx); a != nil {
		return a.Answer
	}
	return nil
}

// load loads a dialog that the caller may see.
func (r *resolver) load(ctx context.Context, id string, withHistory bool, most int64) (d dialog.Dialog, err error) {
	err = load(ctx, most, func() (int64, error) {
		d, err = r.service.Dialog(ctx, r.caller(ctx), id, withHistory)
		return d.Memory(), err
	})
	return d, err
}
