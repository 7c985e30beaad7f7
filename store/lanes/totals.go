package lanes

import (
	"context"
	"sync"
	"time"

	"dialogs/dialog"
)

// totalsKept is how long a total is used. A total only decides whether a list may be read,
// never what it returns.
const totalsKept = 10 * time.Second

// totals remembers the number of public groups and of all dialogs, up to the limit of
// rows: a list with a filter may have to read all of them.
type totals struct {
	store dialog.DialogStore
	limit int
	now   func() time.Time

	mu    sync.Mutex
	known map[dialog.Scope]total
}

type total struct {
	n  int
	at time.Time
}

func newTotals(s dialog.DialogStore, limit int, now func() time.Time) *totals {
	return &totals{store: s, limit: limit, now: now, known: map[dialog.Scope]total{}}
}

// of returns the total for a query that does not only read a user's own dialogs.
func (t *totals) of(ctx context.Context, q dialog.Query) (int, error) {
	scope := dialog.Public
	if q.User == "" && q.Scope != dialog.Public {
		scope = dialog.Visible
	}
	t.mu.Lock()
	have, ok := t.known[scope]
	t.mu.Unlock()
	if ok && t.now().Sub(have.at) < totalsKept {
		return have.n, nil
	}
	n, err := t.count(ctx, scope)
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[scope] = total{n, t.now()}
	return n, nil
}

// count counts up to one more than the limit.
func (t *totals) count(ctx context.Context, scope dialog.Scope) (int, error) {
	q := dialog.Query{Scope: scope, Order: dialog.Order{Field: dialog.ByCreatedAt}, Skip: t.limit, Limit: 1}
	beyond, err := t.store.Dialogs(ctx, q)
	if err != nil {
		return 0, err
	}
	if len(beyond) > 0 {
		return t.limit + 1, nil
	}
	return t.store.Count(ctx, q)
}
