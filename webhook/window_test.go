package webhook

import (
	"fmt"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/live"
)

// changed makes a dialog of this version, with all its records.
func changed(id string, version int64) *dialog.Dialog {
	d := &dialog.Dialog{ID: dialog.ID(id), Version: version, History: make([]dialog.Record, version)}
	d.NumberHistory()
	return d
}

// TestWindowKeepsWhatWaits: a job keeps the records that are not delivered yet, and no
// others.
func TestWindowKeepsWhatWaits(t *testing.T) {
	w := newWindow(live.Place{})
	versions := func() (list []int64) {
		for _, r := range w.jobs["a"].dialog.History {
			list = append(list, r.Version)
		}
		return list
	}
	w.add(&live.News{Dialog: changed("a", 40), Fresh: 1})
	if got := fmt.Sprint(versions()); got != "[40]" {
		t.Errorf("after one change: %s", got)
	}
	w.add(&live.News{Dialog: changed("a", 42), Fresh: 2})
	if got := fmt.Sprint(versions()); got != "[40 41 42]" {
		t.Errorf("after two more: %s", got)
	}
	j := w.take()
	j.next = 42
	w.delivered(j, 41)
	w.add(&live.News{Dialog: changed("a", 43), Fresh: 1})
	if got := fmt.Sprint(versions()); got != "[42 43]" {
		t.Errorf("after a delivery and another change: %s", got)
	}
	w.remove(j)
	w.add(&live.News{Dialog: changed("a", 90), Fresh: 47, Lost: true})
	if got := versions(); len(got) != 49 || got[0] != 42 {
		t.Errorf("after lost records: %v, want all from 42", got)
	}
}

// TestWindowMemory: a window has no room for further dialogs when those in it take 8 MiB,
// and has room again when they were delivered.
func TestWindowMemory(t *testing.T) {
	w := newWindow(live.Place{})
	n := 0
	for ; w.hasRoom("another") && n < windowMost; n++ {
		d := changed(fmt.Sprint(n), 1)
		d.Photo = strings.Repeat("x", 1<<20)
		w.add(&live.News{Dialog: d, Fresh: 1})
	}
	if n != 8 {
		t.Errorf("the window took %d dialogs of 1 MiB, want 8", n)
	}
	if !w.hasRoom("0") {
		t.Error("a dialog in the window has no room for further changes")
	}
	w.remove(w.take())
	if !w.hasRoom("another") {
		t.Error("no room after a delivery")
	}
}
