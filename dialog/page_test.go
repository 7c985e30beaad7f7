package dialog_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dialogs/dialog"
)

// someDialogs fills a store with dialogs that tie in every order, all ann's.
func someDialogs(t *rapid.T, store dialog.Store) []dialog.Dialog {
	n := rapid.IntRange(0, 9).Draw(t, "dialogs")
	all := make([]dialog.Dialog, n)
	for i := range all {
		at := noon().Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "instant")) * time.Millisecond)
		all[i] = dialog.Dialog{
			ID: dialog.ID(fmt.Sprintf("%024x", i+1)), Type: dialog.Group, Owner: ann, Occupants: ids(ann),
			Name:      rapid.SampledFrom([]string{"a", "A", "b", "ß"}).Draw(t, "name"),
			CreatedAt: at, UpdatedAt: noon().Add(time.Duration(i/3) * time.Millisecond), Version: 1,
		}
		if _, err := store.Create(t.Context(), dialog.CreatePlan{Dialog: all[i], IDGiven: true}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestPages compares pages, and what is said to lie around them, with what
// slicing the whole list gives; the cursors may be of dialogs that are gone.
func TestPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := newStore(t)
		all := someDialogs(t, store)
		order := dialog.Order{
			Field:      rapid.SampledFrom([]dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt, dialog.ByName}).Draw(t, "order"),
			Descending: rapid.Bool().Draw(t, "descending"),
		}
		slices.SortFunc(all, func(a, b dialog.Dialog) int { return order.Compare(&a, &b) })
		service := newService(store, dialog.DefaultLimits())
		whole, err := service.List(t.Context(), user(ann), dialog.ListRequest{Scope: dialog.Mine, Order: order})
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "the whole list", whole.Dialogs, all)

		request := dialog.ListRequest{Scope: dialog.Mine, Order: order}
		from, to := -1, len(all) // the dialogs at the cursors
		if len(all) > 0 && rapid.Bool().Draw(t, "after") {
			from = rapid.IntRange(0, len(all)-1).Draw(t, "from")
			request.After = dialog.Some(whole.Cursor(from))
		}
		if from+1 < len(all) && rapid.Bool().Draw(t, "before") {
			to = rapid.IntRange(from+1, len(all)-1).Draw(t, "to")
			request.Before = dialog.Some(whole.Cursor(to))
		}
		// Some dialogs go before the page is read, those of its cursors too.
		var left []int // by their places in the whole list
		for i, d := range all {
			if rapid.Bool().Draw(t, "gone") {
				if _, err := service.Update(t.Context(), user(ann), string(d.ID), dialog.Change{Delete: true}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			left = append(left, i)
		}
		var want []int
		for _, i := range left {
			if from < i && i < to {
				want = append(want, i)
			}
		}
		size := rapid.IntRange(1, 4).Draw(t, "size")
		if rapid.Bool().Draw(t, "last") {
			request.Last = dialog.Some(size)
			want = want[max(0, len(want)-size):]
		} else {
			request.First = dialog.Some(size)
			want = want[:min(size, len(want))]
		}

		page, err := service.List(t.Context(), user(ann), request)
		if err != nil {
			t.Fatal(err)
		}
		var wantDialogs []dialog.Dialog
		for _, i := range want {
			wantDialogs = append(wantDialogs, all[i])
		}
		wantSame(t, "page", page.Dialogs, wantDialogs)

		start, end := from+1, to // where an empty page is
		if len(want) > 0 {
			start, end = want[0], want[len(want)-1]+1
		}
		wantPrevious := slices.ContainsFunc(left, func(i int) bool { return i < start })
		if got, err := service.HasPrevious(t.Context(), &page); err != nil || got != wantPrevious {
			t.Errorf("of %v the page has %v, and a previous one: %t, %v", left, want, got, err)
		}
		wantNext := slices.ContainsFunc(left, func(i int) bool { return i >= end })
		if got, err := service.HasNext(t.Context(), &page); err != nil || got != wantNext {
			t.Errorf("of %v the page has %v, and a next one: %t, %v", left, want, got, err)
		}
		wantContinued(t, service, request, &page, wantPrevious, wantNext)
		if got, err := service.CountAll(t.Context(), &page); err != nil || got != len(left) {
			t.Errorf("got the count %d, %v; want %d", got, err, len(left))
		}
	})
}

// wantContinued follows the cursors of a page, which may be empty: the pages beside
// it have exactly the dialogs that are next to it.
func wantContinued(t *rapid.T, service *dialog.Service, r dialog.ListRequest, page *dialog.Page, wantPrevious, wantNext bool) {
	whole, err := service.List(t.Context(), user(ann), dialog.ListRequest{Scope: r.Scope, Order: r.Order})
	if err != nil {
		t.Fatal(err)
	}
	before, after := whole.Dialogs, whole.Dialogs // by the cursors
	for _, side := range []struct {
		more   bool
		cursor string
		ask    func(*dialog.ListRequest, string)
		got    *[]dialog.Dialog
	}{
		{wantPrevious, page.StartCursor(), func(r *dialog.ListRequest, c string) { r.Before = dialog.Some(c) }, &before},
		{wantNext, page.EndCursor(), func(r *dialog.ListRequest, c string) { r.After = dialog.Some(c) }, &after},
	} {
		if !side.more {
			*side.got = nil
			continue
		}
		if side.cursor == "" {
			if r.After.Given || r.Before.Given {
				t.Fatalf("the list continues, and there is no cursor")
			}
			continue
		}
		ask := dialog.ListRequest{Scope: r.Scope, Order: r.Order}
		side.ask(&ask, side.cursor)
		beside, err := service.List(t.Context(), user(ann), ask)
		if err != nil {
			t.Fatal(err)
		}
		*side.got = beside.Dialogs
	}
	wantSame(t, "what is before the page, in it and after it", slices.Concat(before, page.Dialogs, after), whole.Dialogs)
}

// wantSame compares dialogs by their ids.
func wantSame(t *rapid.T, what string, got, want []dialog.Dialog) {
	if !slices.EqualFunc(got, want, func(a, b dialog.Dialog) bool { return a.ID == b.ID }) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func TestPageBounds(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	for _, tt := range []struct {
		reason      string
		first, last dialog.Optional[int]
		field       string // empty when it is right
	}{
		{"no bounds", dialog.Optional[int]{}, dialog.Optional[int]{}, ""},
		{"one dialog", dialog.Some(1), dialog.Optional[int]{}, ""},
		{"the most", dialog.Some(100), dialog.Optional[int]{}, ""},
		{"the last ones", dialog.Optional[int]{}, dialog.Some(100), ""},
		{"none", dialog.Some(0), dialog.Optional[int]{}, "first"},
		{"fewer than none", dialog.Some(-1), dialog.Optional[int]{}, "first"},
		{"too many", dialog.Some(101), dialog.Optional[int]{}, "first"},
		{"none of the last", dialog.Optional[int]{}, dialog.Some(0), "last"},
		{"too many of the last", dialog.Optional[int]{}, dialog.Some(101), "last"},
		{"first with last", dialog.Some(1), dialog.Some(1), "last"},
	} {
		_, err := service.List(t.Context(), user(ann), dialog.ListRequest{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByName}, First: tt.first, Last: tt.last,
		})
		if tt.field != "" {
			wantError(t, err, dialog.Invalid, tt.field)
		} else if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
	}
}
