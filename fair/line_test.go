package fair_test

import (
	"strings"
	"testing"

	"dialogs/fair"
)

// taken takes the first entry that is not blocked, again and again, and returns them in
// order.
func taken(l *fair.Line[string, string], blocked string) string {
	var items []string
next:
	for {
		for e := range l.All() {
			if blocked == "" || !strings.HasPrefix(e.Item, blocked) {
				items = append(items, e.Item)
				l.Take(e)
				continue next
			}
		}
		return strings.Join(items, " ")
	}
}

func push(l *fair.Line[string, string], items ...string) (entries []*fair.Entry[string, string]) {
	for _, item := range items {
		entries = append(entries, l.Push(item[:1], item[:2], item))
	}
	return entries
}

func TestLine(t *testing.T) {
	l := fair.NewLine[string, string]()
	push(l, "ax1", "ax2", "ax3", "bx1", "bx2", "cx1", "ay1")
	if got, want := taken(l, ""), "ax1 bx1 cx1 ay1 bx2 ax2 ax3"; got != want {
		t.Errorf("callers, and the members of one: %s, want %s", got, want)
	}

	push(l, "ax1", "ax2", "bx1", "bx2", "bx3")
	if got, want := taken(l, "a"), "bx1 bx2 bx3"; got != want {
		t.Errorf("beside one that is blocked: %s, want %s", got, want)
	}
	push(l, "bx4", "cx1", "cx2", "ax3")
	if got, want := taken(l, ""), "ax1 bx4 cx1 ax2 cx2 ax3"; got != want {
		t.Errorf("one that was blocked has its turn, but no more than one at a time: %s, want %s", got, want)
	}

	entries := push(l, "ax1", "bx1", "ax2", "bx2")
	if !l.Remove(entries[0]) || l.Remove(entries[0]) {
		t.Error("an entry cannot be removed exactly once")
	}
	if got, want := taken(l, ""), "bx1 ax2 bx2"; got != want {
		t.Errorf("after one was removed: %s, want %s", got, want)
	}
	again := push(l, "ax3")
	if l.Remove(entries[2]) || l.Len() != 1 || !l.Remove(again[0]) || l.Len() != 0 {
		t.Error("an entry that was taken was removed, or another one could not be")
	}
}

// TestNewcomersDoNotPass: an entry that cannot be taken yet is passed by those that can, but
// stays before those that come later.
func TestNewcomersDoNotPass(t *testing.T) {
	l := fair.NewLine[string, string]()
	push(l, "ax1", "bx1", "bx2", "bx3")
	if got := taken(l, "a"); got != "bx1 bx2 bx3" {
		t.Fatal(got)
	}
	push(l, "cx1", "dx1")
	if got, want := taken(l, ""), "ax1 cx1 dx1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
