package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// CheckModel makes random operations on a fresh database of the engine and on
// the reference engine: both must give the same answers and keep the same
// dialogs. A failure shrinks to the fewest operations that show it.
func CheckModel(t *testing.T, newDatabase func(t testing.TB) Database) {
	operations := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Operation {
		return cast{choose: func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") }}.operation()
	}), 1, -1)
	rapid.Check(t, func(rt *rapid.T) {
		engine, model := newDatabase(t)(t), memory.NewStore()
		defer closing(t, engine)
		if err := duel(t.Context(), operations.Draw(rt, "operations"), 1, "", model, engine); err != nil {
			rt.Fatal(err)
		}
	})
}

// Differential makes n operations on two engines, as the seed says, and fails
// the test unless both give the same answers and keep the same dialogs. Half
// of them are made by one caller after the other, half by workers at once,
// each about dialogs of its own.
func Differential(t *testing.T, seed uint64, n int, a, b Database) {
	const workers = 8
	stores := [2]dialog.Store{a(t), b(t)}
	for _, store := range stores {
		t.Cleanup(func() { closing(t, store) })
	}
	if err := duel(t.Context(), script(seed, n/2, ""), seed, "", stores[0], stores[1]); err != nil {
		t.Fatalf("one after the other, seed %d: %v", seed, err)
	}
	var wait sync.WaitGroup
	for w := range workers {
		prefix := fmt.Sprintf("W%d", w)
		own := seed + 1 + uint64(w)
		wait.Go(func() {
			if err := duel(t.Context(), script(own, n/2/workers, prefix), own, prefix, stores[0], stores[1]); err != nil {
				t.Errorf("worker %d, seed %d: %v", w, seed, err)
			}
		})
	}
	wait.Wait()
}

func closing(t testing.TB, store dialog.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("closing the store: %v", err)
	}
}

// script is the seed's operations.
func script(seed uint64, n int, prefix string) []Operation {
	random := rand.New(rand.NewPCG(seed, 0))
	c := cast{prefix: prefix, choose: random.IntN}
	list := make([]Operation, 0, n)
	for range n {
		list = append(list, c.operation())
	}
	return list
}

// duel plays the operations on two stores and reports the first difference.
// With a prefix it is one of several at once.
func duel(ctx context.Context, operations []Operation, seed uint64, prefix string, a, b dialog.Store) error {
	at := start()
	players := [2]*player{newPlayer(a, at, seed, prefix), newPlayer(b, at, seed, prefix)}
	for _, p := range players {
		if err := p.prepare(ctx, cast{prefix: prefix}); err != nil {
			return fmt.Errorf("defining classes: %w", err)
		}
	}
	for i, op := range operations {
		x, y := players[0].do(ctx, op), players[1].do(ctx, op)
		if err := compare(x, y); err != nil {
			return fmt.Errorf("operation %d: %+v: %w", i, op, err)
		}
	}
	x, y := players[0].final(ctx), players[1].final(ctx)
	if diff := cmp.Diff(x, y, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("in the end (-first +second):\n%s", diff)
	}
	return nil
}

func compare(x, y answer) error {
	for _, a := range []answer{x, y} {
		if text := a.Failure.Internal + a.Missing.Internal; text != "" {
			return fmt.Errorf("failed within: %s", text)
		}
	}
	if diff := cmp.Diff(x, y, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("answers differ (-first +second):\n%s", diff)
	}
	return nil
}
