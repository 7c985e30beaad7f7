package sqlite

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestShapes uses more statements than are kept, also at the same time.
func TestShapes(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	query := func(i int) string { return fmt.Sprintf("SELECT count(*) + %d FROM dialog", i) }
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 3 * shapesMost {
				want := (i*(1+n%3) + n) % (2 * shapesMost)
				var got int
				if err := s.reads.row(t.Context(), query(want), nil, &got); err != nil || got != want {
					t.Errorf("got %d and error %v, want %d", got, err, want)
				}
			}
		})
	}
	all.Wait()
	kept := s.reads.shapes.kept
	if kept.Len() != shapesMost {
		t.Errorf("%d statements are kept, want %d", kept.Len(), shapesMost)
	}
	for _, one := range kept.Values() {
		if one.using != 0 || one.gone {
			t.Errorf("%d use a statement that is kept (gone: %v), want none", one.using, one.gone)
		}
	}
	last := query(7 * shapesMost)
	var got int
	if err := s.reads.row(t.Context(), last, nil, &got); err != nil || !kept.Contains(last) {
		t.Errorf("the latest statement is not kept: %v", err)
	}
	long := query(1) + strings.Repeat(" ", shapeBytes)
	if err := s.reads.row(t.Context(), long, nil, &got); err != nil || got != 1 || kept.Contains(long) {
		t.Errorf("got %d and error %v for a long text, kept: %v", got, err, kept.Contains(long))
	}
}
