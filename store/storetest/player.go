package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"dialogs/dialog"
)

// A player makes random operations on one store and reports the results in a
// form that can be compared with their results on another engine.
type player struct {
	store   dialog.Store
	service *dialog.Service
	clock   *Clock
	ids     []dialog.ID
	// last is the list that opTurn continues.
	last struct {
		caller  dialog.Caller
		request dialog.ListRequest
		cursors []string
	}
	// prefix, unless empty, keeps ids and lists to the player's own dialogs,
	// because others play on the same store at the same time.
	prefix string
}

// playLimits are low enough for random operations to meet each of them.
func playLimits() dialog.Limits {
	l := dialog.DefaultLimits()
	l.Occupants, l.Admins, l.IDsPerList, l.FieldsPerClass, l.CustomBytes = 5, 2, 3, 5, 40
	return l
}

func newPlayer(store dialog.Store, at time.Time, seed uint64, prefix string) *player {
	clock := NewClock(at)
	return &player{
		store: store, clock: clock, prefix: prefix,
		service: dialog.NewService(store, dialog.DefaultPolicy(playLimits()), clock.Now, newSeeded(seed)),
	}
}

// prepare defines the classes of the cast.
func (p *player) prepare(ctx context.Context, c cast) error {
	_, err := p.service.DefineClass(ctx, dialog.Caller{APIKey: c.prefix + "backend"}, c.prefix+"Task", []dialog.Field{
		{Name: "text", Type: dialog.String},
		{Name: "count", Type: dialog.Integer},
		{Name: "Text", Type: dialog.String},
		{Name: "places", Type: dialog.Location, List: true},
	})
	return err
}

// An answer is the result of an operation. Missing parts are zero.
type answer struct {
	Failure  failure
	Dialog   dialog.Dialog
	Change   *dialog.Record
	Made     bool // created, or replayed
	Page     []dialog.Dialog
	Next     bool
	Previous bool
	Count    int
	Fields   []dialog.Field
	// After is the dialog as the store has it afterwards, with its history.
	After   dialog.Dialog
	Missing failure
}

// A failure is an error as callers see it.
type failure struct {
	Code           dialog.Code
	Message, Field string
	Denial         *dialog.Denial
	CurrentVersion int64
	// Internal is the text of an error that is not one of the domain.
	Internal string
}

func shown(err error) failure {
	var e *dialog.Error
	switch {
	case err == nil:
		return failure{}
	case errors.As(err, &e):
		return failure{Code: e.Code, Message: e.Message, Field: e.Field, Denial: e.Denial, CurrentVersion: e.CurrentVersion}
	}
	return failure{Internal: err.Error()}
}

// failureOf is the error of a random operation, of which none may be
// Unavailable.
func failureOf(err error) failure {
	if dialog.IsCode(err, dialog.Unavailable) {
		return failure{Internal: err.Error()}
	}
	return shown(err)
}

// target is the n-th dialog that the player knows. Before there is one, it is
// an id that no other player at the same store can create.
func (p *player) target(n int) dialog.ID {
	if len(p.ids) == 0 {
		return dialog.ID(fmt.Sprintf("%024x", append([]byte(p.prefix), 0)))
	}
	return p.ids[n%len(p.ids)]
}

func (p *player) do(ctx context.Context, op Operation) answer {
	switch op.kind {
	case opCreate:
		return p.create(ctx, op)
	case opUpdate:
		id := p.target(op.targets[0])
		out, err := p.service.Update(ctx, op.caller, string(id), op.change)
		return p.after(ctx, id, answer{Failure: failureOf(err), Dialog: bare(out.Dialog), Change: out.Change, Made: out.Replayed})
	case opGet:
		d, err := p.service.Dialog(ctx, op.caller, string(p.target(op.targets[0])), true)
		return answer{Failure: failureOf(err), Dialog: d}
	case opList:
		p.resolve(&op)
		p.last.caller, p.last.request = op.caller, op.request
		return p.list(ctx)
	case opTurn:
		return p.turn(ctx, op)
	case opDefine:
		class, err := p.service.DefineClass(ctx, op.caller, op.class, op.fields)
		return answer{Failure: failureOf(err), Fields: class.Fields}
	case opWait:
		p.clock.Move(op.wait)
	}
	return answer{}
}

func (p *player) create(ctx context.Context, op Operation) answer {
	out, err := p.service.Create(ctx, op.caller, op.creation)
	a := answer{Failure: failureOf(err), Dialog: bare(out.Dialog), Made: out.Created}
	if err != nil {
		return a
	}
	if !slices.Contains(p.ids, out.Dialog.ID) {
		p.ids = append(p.ids, out.Dialog.ID)
	}
	return p.after(ctx, out.Dialog.ID, a)
}

// bare leaves out the history, which an outcome may lack.
func bare(d dialog.Dialog) dialog.Dialog {
	d.History = nil
	return d
}

func (p *player) after(ctx context.Context, id dialog.ID, a answer) answer {
	d, err := p.store.Dialog(ctx, id, true)
	a.After, a.Missing = d, failureOf(err)
	return a
}

// resolve puts real ids where the operation has numbers of dialogs.
func (p *player) resolve(op *Operation) {
	lists := op.request.Scope != dialog.Mine || op.caller.Kind() == dialog.Server
	if op.request.Filter.IDs != nil || p.prefix != "" && lists {
		op.request.Filter.IDs = []string{}
		for _, n := range op.targets[:min(len(op.targets), playLimits().IDsPerList)] {
			op.request.Filter.IDs = append(op.request.Filter.IDs, string(p.target(n)))
		}
	}
}

func (p *player) list(ctx context.Context) answer {
	page, err := p.service.List(ctx, p.last.caller, p.last.request)
	a := answer{Failure: failureOf(err), Page: page.Dialogs}
	p.last.cursors = nil
	if err != nil {
		return a
	}
	for i := range page.Dialogs {
		p.last.cursors = append(p.last.cursors, page.Cursor(i))
	}
	next, err1 := p.service.HasNext(ctx, &page)
	previous, err2 := p.service.HasPrevious(ctx, &page)
	count, err3 := p.service.CountAll(ctx, &page)
	a.Next, a.Previous, a.Count, a.Failure = next, previous, count, failureOf(errors.Join(err1, err2, err3))
	return a
}

func (p *player) turn(ctx context.Context, op Operation) answer {
	if len(p.last.cursors) == 0 {
		return answer{}
	}
	request := p.last.request
	request.First, request.Last = op.request.First, op.request.Last
	request.After, request.Before = p.cursor(op.request.After), p.cursor(op.request.Before)
	p.last.request = request
	return p.list(ctx)
}

func (p *player) cursor(place dialog.Optional[string]) dialog.Optional[string] {
	n, err := strconv.Atoi(place.Value)
	if !place.Given || err != nil {
		return dialog.Optional[string]{}
	}
	return dialog.Some(p.last.cursors[n%len(p.last.cursors)])
}

// final is the final state after the player's operations.
func (p *player) final(ctx context.Context) []answer {
	var all []answer
	for _, id := range p.ids {
		all = append(all, p.after(ctx, id, answer{}))
	}
	if p.prefix != "" {
		return all
	}
	for _, order := range orders() {
		p.last.caller = dialog.Caller{APIKey: "backend"}
		p.last.request = dialog.ListRequest{Scope: dialog.Mine, Order: order, First: dialog.Some(dialog.MaxPage)}
		for {
			page := p.list(ctx)
			all = append(all, page)
			if !page.Next {
				break
			}
			p.last.request.After = dialog.Some(p.last.cursors[len(p.last.cursors)-1])
		}
	}
	return all
}
