package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
)

// Memory is the contract at its plainest: maps under one lock, lists by
// looking at every dialog. It is what engines are compared with, and shows
// that the suite asks for nothing but the contract. It forgets tombstones and
// keys by the instants of the plans that come in, and never clears away.
type Memory struct {
	mu      sync.Mutex
	dialogs map[dialog.ID]dialog.Dialog // with their History
	claims  map[claimKey]claim
	classes map[string]dialog.Class
	keys    map[string]dialog.APIKey
	ended   map[string]dialog.EndedSession
}

// A claimKey is a creation's key with its actor in normal form.
type claimKey struct {
	actor dialog.Actor
	key   string
}

type claim struct {
	id        dialog.ID
	inputHash string
	at        time.Time
}

// NewMemory makes an empty store that several instances can share.
func NewMemory() *Memory {
	return &Memory{
		dialogs: map[dialog.ID]dialog.Dialog{}, claims: map[claimKey]claim{},
		classes: map[string]dialog.Class{}, keys: map[string]dialog.APIKey{},
		ended: map[string]dialog.EndedSession{},
	}
}

// Open is one more instance on the store.
func (m *Memory) Open() dialog.Store { return &memoryInstance{m: m} }

type memoryInstance struct {
	m      *Memory
	closed bool
}

// begin takes the lock, which the function it returns gives back.
func (i *memoryInstance) begin(ctx context.Context) (end func(), err error) {
	i.m.mu.Lock()
	if err := ctx.Err(); err != nil {
		i.m.mu.Unlock()
		return nil, dialog.ErrUnavailable(err)
	}
	if i.closed {
		i.m.mu.Unlock()
		return nil, dialog.ErrUnavailable(errors.New("the store is closed"))
	}
	return i.m.mu.Unlock, nil
}

func (i *memoryInstance) Ping(ctx context.Context) error {
	end, err := i.begin(ctx)
	if err != nil {
		return err
	}
	end()
	return nil
}

func (i *memoryInstance) Close() error {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	i.closed = true
	return nil
}

func (i *memoryInstance) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (dialog.Dialog, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return dialog.Dialog{}, err
	}
	defer end()
	d, ok := i.m.dialogs[id]
	if !ok || d.Deleted {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	d = clone(d)
	if !withHistory {
		d.History = nil
	}
	return d, nil
}

func (i *memoryInstance) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list := i.m.matching(q)
	slices.SortFunc(list, func(a, b dialog.Dialog) int { return q.Order.Compare(&a, &b) })
	list = slices.DeleteFunc(list, func(d dialog.Dialog) bool {
		return q.After != nil && !beyond(q.Order, &d, *q.After) || q.Before != nil && !beyond(reverse(q.Order), &d, *q.Before)
	})
	if q.FromEnd {
		list = last(list[:max(0, len(list)-q.Skip)], q.Limit)
	} else {
		list = first(list[min(q.Skip, len(list)):], q.Limit)
	}
	for n := range list {
		list[n] = clone(list[n])
		list[n].History = nil
	}
	return list, nil
}

func (i *memoryInstance) Count(ctx context.Context, q dialog.Query) (int, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	return len(i.m.matching(q)), nil
}

func (m *Memory) matching(q dialog.Query) []dialog.Dialog {
	var list []dialog.Dialog
	for _, d := range m.dialogs {
		if !d.Deleted && inScope(&d, q) && matches(&d, q.Filter) {
			list = append(list, d)
		}
	}
	return list
}

func (i *memoryInstance) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	defer end()
	m, key := i.m, claimKey{actor: normalActor(p.Actor), key: p.Key}
	if used, ok := m.claims[key]; ok && p.Key != "" && p.Dialog.CreatedAt.Sub(used.at) < dialog.TombstoneKept {
		if err := p.CheckReplay(used.inputHash); err != nil {
			return dialog.CreateOutcome{}, err
		}
		if d, ok := m.dialogs[used.id]; ok {
			return dialog.CreateOutcome{Dialog: clone(d)}, nil
		}
		return dialog.CreateOutcome{Dialog: dialog.Dialog{Deleted: true}}, nil
	}
	if d, ok := m.pairOf(&p.Dialog); ok {
		return dialog.CreateOutcome{Dialog: clone(d)}, nil
	}
	if _, taken := m.dialogs[p.Dialog.ID]; taken {
		return dialog.CreateOutcome{}, dialog.ErrIDTaken()
	}
	if p.Key != "" {
		m.claims[key] = claim{id: p.Dialog.ID, inputHash: p.InputHash, at: p.Dialog.CreatedAt}
	}
	m.dialogs[p.Dialog.ID] = clone(p.Dialog)
	return dialog.CreateOutcome{Dialog: clone(p.Dialog), Created: true}, nil
}

func (i *memoryInstance) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return dialog.Outcome{}, err
	}
	defer end()
	current, ok := i.m.dialogs[p.ID]
	if !ok || current.Deleted && p.At.Sub(current.UpdatedAt) >= dialog.TombstoneKept {
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	out, err := p.Decide(clone(current))
	if err != nil {
		return dialog.Outcome{}, err
	}
	if out.Change != nil && !out.Replayed {
		i.m.dialogs[p.ID] = clone(out.Dialog)
	}
	return out, nil
}

func (i *memoryInstance) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	end, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.Dialog
	for _, id := range slices.Sorted(maps.Keys(i.m.dialogs)) {
		if d := i.m.dialogs[id]; id > after && !d.Deleted && len(list) < limit {
			list = append(list, clone(d))
		}
	}
	return list, nil
}

func (i *memoryInstance) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	end, err := i.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, d := range dialogs {
		if other, ok := i.m.pairOf(&d); ok && other.ID != d.ID {
			return &dialog.Error{Code: dialog.Conflict, Message: "the two users have another private dialog"}
		}
		i.m.dialogs[d.ID] = clone(d)
	}
	return nil
}

// pairOf finds the dialog that stands for the pair of a private one.
func (m *Memory) pairOf(private *dialog.Dialog) (dialog.Dialog, bool) {
	a, b, ok := private.Pair()
	if !ok {
		return dialog.Dialog{}, false
	}
	for _, d := range m.dialogs {
		if x, y, _ := d.Pair(); x == a && y == b && !d.Deleted {
			return d, true
		}
	}
	return dialog.Dialog{}, false
}

// normalActor makes two actors equal when they are the same for idempotency.
func normalActor(a dialog.Actor) dialog.Actor {
	if a.User != "" {
		a.APIKey = ""
	}
	return a
}
