package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// A witness compares every update with the result of Decide for the dialog as it was
// before: the answer, and the stored dialog. Updates of one dialog must not run at the
// same time.
type witness struct {
	dialog.Store
	// straight and long count the changes that were made in that way.
	straight, long *atomic.Int64
}

func (w *witness) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	before, err := mongo.Look(ctx, w.Store, p.ID)
	if err != nil || before.Forgotten(p.At) {
		return w.Store.Update(ctx, p) // Decide is not called for dialogs that do not exist or are forgotten
	}
	want, refused := p.Decide(before)
	watched, record := recorded(ctx)
	got, err := w.Store.Update(watched, p)
	sent := record.sent()
	after, readErr := mongo.Look(ctx, w.Store, p.ID)
	if readErr != nil {
		return got, readErr
	}
	if (err == nil) != (refused == nil) || err != nil && err.Error() != refused.Error() {
		return got, fmt.Errorf("%s answered %v, and Decide %v", sent, err, refused) //nolint:errorlint // both are told, and neither is meant
	}
	switch {
	case refused != nil || want.Change == nil || want.Replayed:
		want.Dialog = before
	case sent == "findAndModify":
		w.straight.Add(1)
	default:
		w.long.Add(1)
	}
	if diff := cmp.Diff(want.Dialog, after, cmpopts.EquateEmpty()); diff != "" {
		return got, fmt.Errorf("%s left another dialog than Decide (-decide +store):\n%s", sent, diff)
	}
	if diff := cmp.Diff(want.Change, got.Change, cmpopts.EquateEmpty()); diff != "" {
		return got, errors.New("another record than Decide's (-decide +store):\n" + diff)
	}
	return got, err
}

// The same random operations must have the same results and leave the same dialogs on both
// engines. On MongoDB, each update must also have the result of Decide, whether it was
// made by one command or in several steps. The limits are so low that random operations
// reach each of them.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	const seed = 1
	dir, uri := t.TempDir(), mongotest.URI(t)
	var straight, long atomic.Int64
	storetest.Differential(t, seed, dialogtest.Times(1500, 10_000),
		func(t testing.TB) dialog.Store {
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		func(t testing.TB) dialog.Store {
			s := open(t, uri, mongo.Options{Monitor: recorder()})
			return &witness{Store: s, straight: &straight, long: &long}
		})
	t.Logf("%d changes by one command, %d the long way", straight.Load(), long.Load())
	if straight.Load() < int64(dialogtest.Times(15, 100)) || long.Load() < int64(dialogtest.Times(5, 100)) {
		t.Errorf("too few changes to tell: %d by one command, %d the long way", straight.Load(), long.Load())
	}
}
