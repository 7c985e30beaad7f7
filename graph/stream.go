package graph

import (
	"context"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

// noSubscription says how to use subscriptions.
const noSubscription = "a subscription needs a WebSocket (graphql-transport-ws) or the header Accept: text/event-stream"

// A streamer executes the operations of streams. Each operation has the same limits as a
// request: for its input, its size, its time, and each of its answers.
type streamer struct {
	presenter
	service *dialog.Service
	Streams
	quota   *quota
	upkeep  *upkeep
	sharing *sharing
	keeping *keeping
	// signing is the lane in which callers sign in on WebSockets, and opening is the lane
	// in which subscriptions start.
	signing, opening *budget.Lane
	making           *making
}

// A send sends one result of an operation. After an error, nothing more may be sent. waits
// is called before sending may have to wait; nil for nothing.
type send func(r result, waits func()) error

// A result is one result of an operation, as a server-sent event. So that all subscribers
// who get the same one can share it, WebSockets use a part of it.
type result []byte

const (
	resultBegins = "event: next\ndata: "
	resultEnds   = "\n\n"
)

// newResult makes a result of the parts of its payload, which is JSON.
func newResult(payload ...[]byte) result {
	return slices.Concat(slices.Concat([][]byte{[]byte(resultBegins)}, payload, [][]byte{[]byte(resultEnds)})...)
}

// payload returns the JSON of the result.
func (r result) payload() []byte { return r[len(resultBegins) : len(r)-len(resultEnds)] }

// errCut ends an operation without another message: its connection has ended, or the
// client has ended the operation.
var errCut = errors.New("cut off")

// errLater ends a subscription that could not start or continue because the store or the
// server is overloaded. The connection ends without an error for the operation, so that
// clients connect again after a pause and resume. An error would end the operation for
// good.
var errLater = errors.New("try again later")

// create parses and validates an operation.
func (s *streamer) create(ctx context.Context, run *runner, raw *graphql.RawParams) (*execution, gqlerror.List) {
	within, cancel := limited(ctx)
	defer cancel()
	op, errs := run.create(within, raw)
	switch {
	case within.Err() != nil:
		errs = gqlerror.List{tooLate()}
	case len(errs) > 0:
		errs = run.refused(ctx, op, errs).Errors
	case op.Operation.Operation == ast.Subscription && len(op.roots) != 1:
		errs = gqlerror.List{refusedDocument("a subscription must select exactly one field")}
	default:
		return op, nil
	}
	s.observer.Operation("", codeOf(errs[0]))
	noteErrors(ctx, errs)
	return nil, errs
}

// run executes an operation and sends its results. A subscription is only opened: the
// caller must follow or close it. If run returns errors, the operation ends with them. The
// error errCut ends it without a message, errLater ends the connection because of the
// errors, and nil completes the operation.
func (s *streamer) run(ctx context.Context, run *runner, op *execution, over string, send send) (*subscription, gqlerror.List, error) {
	if op.Operation.Operation != ast.Subscription {
		errs, err := s.answer(ctx, run, op, send)
		return nil, errs, err
	}
	return s.subscribe(ctx, run, op, over, send)
}

// answer executes a query or a mutation.
func (s *streamer) answer(ctx context.Context, run *runner, op *execution, send send) (gqlerror.List, error) {
	within, cancel := limited(ctx)
	defer cancel()
	end, err := s.turn(within, op)
	if err != nil {
		return s.refusal(ctx, err), nil
	}
	defer end()
	answering, account := s.answering(within, op)
	defer account.Close()
	responses, inner := run.dispatch(answering, op)
	response := responses(inner)
	switch {
	case response == nil && ctx.Err() != nil:
		return nil, errCut
	case response == nil:
		return s.refusal(ctx, stopped(op)), nil
	case response.Data == nil:
		noteErrors(ctx, response.Errors)
		return response.Errors, nil
	}
	return nil, cut(send(s.result(ctx, account, response), nil))
}

// result encodes one response.
func (s *streamer) result(ctx context.Context, account *answering, response *graphql.Response) result {
	response.Errors = account.told(response.Errors)
	account.Made(len(response.Data))
	if len(response.Errors)+len(response.Extensions) == 0 {
		return newResult([]byte(`{"data":`), response.Data, []byte("}"))
	}
	noteErrors(ctx, response.Errors)
	response.Errors = bounded(response.Errors, executedErrorBytes)
	return newResult(encode(response))
}

func cut(err error) error {
	if err != nil {
		return errCut
	}
	return nil
}

// refusal converts a failure to the errors that end an operation.
func (p presenter) refusal(ctx context.Context, err error) gqlerror.List {
	refusal := api.RefusalOf(ctx, p.log, err)
	errs := gqlerror.List{{Message: refusal.Message, Extensions: extensions(refusal)}}
	noteErrors(ctx, errs)
	return errs
}

// limited returns a context with the time limit of one step of a stream.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if limit := api.OperationLimit(ctx); limit > 0 {
		return api.WithLimit(ctx, limit)
	}
	return context.WithCancel(ctx)
}

func encode(v any) []byte {
	text, err := api.MarshalPlain(v)
	if err != nil {
		panic("graph: encoding an answer: " + err.Error()) // data is JSON already, and errors are plain values
	}
	return text
}
