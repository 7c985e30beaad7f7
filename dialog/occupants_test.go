package dialog_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dialogs/dialog"
)

// people are n users, numbered.
func people(prefix string, n int) []dialog.UserID {
	all := make([]dialog.UserID, n)
	for i := range all {
		all[i] = dialog.UserID(fmt.Sprintf("%s%d", prefix, i))
	}
	return all
}

// after returns the cursor of the occupant at the index.
func after(t tester, d dialog.Dialog, index int) dialog.Optional[string] {
	t.Helper()
	var cursor dialog.Optional[string]
	for from := 0; from <= index; from += dialog.MaxPage {
		page, err := d.OccupantPage(min(dialog.MaxPage, index+1-from), cursor)
		if err != nil {
			t.Fatalf("reading the occupants: %v", err)
		}
		all := page.Cursors()
		cursor = dialog.Some(all[len(all)-1])
	}
	return cursor
}

// TestOccupantCursor: a cursor is the place behind its occupant, whatever happens to
// the list. The letters are the occupants.
func TestOccupantCursor(t *testing.T) {
	const long = "abcdefghijklmnopqrstuvwxyz"
	for _, tt := range []struct {
		reason      string
		before, now string
		of          string // whose cursor it is
		want        string // the occupants after it
	}{
		{"nothing happened", "abcd", "abcd", "b", "cd"},
		{"others joined", "abcd", "abcdef", "b", "cdef"},
		{"somebody before it left", "abcd", "bcd", "b", "cd"},
		{"somebody after it left", "abcd", "abd", "b", "d"},
		{"its occupant left", "abcd", "acd", "b", "cd"},
		{"its occupant and the one before left", "abcd", "cd", "b", "cd"},
		{"its occupant and the one after left", "abcd", "ad", "b", "d"},
		{"its occupant came back", "abcd", "acdb", "b", "cdb"},
		{"its occupant came back after a newcomer", "abcd", "acdeb", "b", "cdeb"},
		{"everyone up to it came back", "abcd", "cdab", "b", "cdab"},
		{"two came back in their order, to their old numbers", "xyabcd", "cdab", "b", "cdab"},
		{"the one before it came back", "abcd", "bcda", "b", "cda"},
		{"the first left", "abcd", "bcd", "a", "bcd"},
		{"everyone left but newcomers", "abcd", "ef", "b", "ef"},
		{"the end of the list, and somebody joined", "abcd", "abcde", "d", "e"},
		{"the end of the list, its occupant came back after a newcomer", "abc", "abdc", "c", "dc"},
		{"the same, to their old number", "abc", "bdc", "c", "dc"},
		{"all who come after it came back", "abcd", "abfcd", "b", "fcd"},
		{"the same, and so did the one before it", "pcd", "cfpd", "c", "fpd"},
		{"the whole page before it left", long, "klmnopqrstuvwxyz", "j", "klmnopqrstuvwxyz"},
		{"most of the page before it left", long, "aklmnopqrstuvwxyz", "j", "klmnopqrstuvwxyz"},
		{"the nine up to it left, and the next seven", long, "abcduvwxyz", "m", "uvwxyz"},
	} {
		was, now := group(letters(tt.before)...), group(letters(tt.now)...)
		page, err := now.OccupantPage(dialog.MaxPage, after(t, was, strings.Index(tt.before, tt.of)))
		if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
			continue
		}
		wantEqual(t, tt.reason, page.Occupants, letters(tt.want))
	}
}

func letters(s string) []dialog.UserID {
	all := []dialog.UserID{}
	for _, r := range s {
		all = append(all, dialog.UserID(r))
	}
	return all
}

// TestOccupantCursorRunsOut: if everyone around the position has left, any page
// could skip or repeat someone, so the cursor is refused.
func TestOccupantCursorRunsOut(t *testing.T) {
	all := people("u", 40)
	cursor := after(t, group(all...), 19)
	for _, tt := range []struct {
		reason   string
		from, to int // who left
		ok       bool
	}{
		{"one before is left", 12, 40, true},
		{"one after is left", 10, 27, true},
		{"nobody is left", 11, 28, false},
	} {
		now := group(slices.Concat(all[:tt.from], all[tt.to:])...)
		page, err := now.OccupantPage(dialog.MaxPage, cursor)
		if !tt.ok {
			wantError(t, err, dialog.Invalid, "after")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
			continue
		}
		wantEqual(t, tt.reason, len(page.Occupants), len(all[tt.to:]))
	}
}

// TestOccupantPages reads all pages while people join, leave, come back and hand
// over. Everyone who stays is seen exactly once and in order.
func TestOccupantPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := people("u", rapid.IntRange(1, 40).Draw(t, "people"))
		store := newStore(t)
		service := newService(store, dialog.DefaultLimits())
		made, err := service.Create(t.Context(), server(), dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("Lunch"), Owner: dialog.Some(all[0]), Occupants: all[1:],
		})
		if err != nil {
			t.Fatal(err)
		}
		d := made.Dialog
		stay := asSet(d.Occupants)
		var seen []dialog.UserID
		var cursor dialog.Optional[string]
		for {
			page, err := d.OccupantPage(rapid.IntRange(1, 12).Draw(t, "first"), cursor)
			if dialog.IsCode(err, dialog.Invalid) {
				// Only when all who were around the place are gone or came back.
				if gone := len(all) - len(stay); gone < 10 {
					t.Fatalf("refused after only %d left: %v", gone, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Occupants {
				if stay[u] {
					seen = append(seen, u)
				}
			}
			if !page.HasNext {
				break
			}
			cursors := page.Cursors()
			cursor = dialog.Some(cursors[len(cursors)-1])
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				d = shuffle(t, service, d, all, stay)
			}
		}
		var want []dialog.UserID
		for _, u := range d.Occupants {
			if stay[u] {
				want = append(want, u)
			}
		}
		seen = slices.DeleteFunc(seen, func(u dialog.UserID) bool { return !stay[u] })
		if !slices.Equal(seen, want) {
			t.Fatalf("of those who stayed, the pages had %v, want %v", seen, want)
		}
	})
}

// shuffle lets some people leave, join or become the owner, and removes those who
// left from the set of those who stay.
func shuffle(t *rapid.T, service *dialog.Service, d dialog.Dialog, all []dialog.UserID, stay map[dialog.UserID]bool) dialog.Dialog {
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(append(people("new", 5), all...)), 1, 6, rapid.ID[dialog.UserID])
	change := dialog.Change{}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0, 1:
		change.RemoveOccupants = some.Draw(t, "leave")
	case 2, 3:
		change.AddOccupants = some.Draw(t, "join")
	default:
		change.NewOwner = dialog.Some(rapid.SampledFrom(d.Occupants).Draw(t, "owner"))
	}
	if len(dialog.Without(d.Occupants, change.RemoveOccupants)) == 0 {
		return d // the dialog would be deleted
	}
	out, err := service.Update(t.Context(), server(), string(d.ID), change)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range change.RemoveOccupants {
		delete(stay, u)
	}
	return out.Dialog
}

func TestInvalidOccupantCursors(t *testing.T) {
	d := group(people("u", 30)...)
	good := after(t, d, 14).Value
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	other := d
	other.ID = "00000000000000000000000a"
	for _, tt := range []struct{ reason, cursor string }{
		{"empty", ""},
		{"not base64", "*"},
		{"padding", good + "="},
		{"a line break, which Go's decoder would ignore", good[:9] + "\n" + good[9:]},
		{"too short", encode(raw[:9])},
		{"half a mark", encode(raw[:len(raw)-3])},
		{"a mark too many", encode(append(raw[:len(raw):len(raw)], raw[8:14]...))},
		{"another version", encode(append([]byte{3}, raw[1:]...))},
		{"a number in a longer form", encode(slices.Concat(raw[:7], []byte{raw[7] | 0x80, 0}, raw[8:]))},
		{"an endless number", encode(append(raw[:7:7], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))},
		{"of another dialog", after(t, other, 14).Value},
		{"of a list of dialogs", cursorOf(t, d, dialog.ByName)},
		{"of an earlier version of this program", encode([]byte(`{"v":1,"d":"` + dialogID + `","u":"u14","n":14}`))},
	} {
		if _, err := d.OccupantPage(5, dialog.Some(tt.cursor)); err == nil {
			t.Errorf("%s: accepted", tt.reason)
		} else {
			wantError(t, err, dialog.Invalid, "after")
		}
	}
	for _, first := range []int{0, -1, dialog.MaxPage + 1} {
		_, err := d.OccupantPage(first, dialog.Optional[string]{})
		wantError(t, err, dialog.Invalid, "first")
	}
}

// TestOccupantCursorSize: the length does not depend on the ids.
func TestOccupantCursorSize(t *testing.T) {
	var longest []dialog.UserID
	for i := range 1000 {
		longest = append(longest, dialog.UserID(fmt.Sprintf("%0*d", dialog.MaxUserIDBytes, i)))
	}
	if n := len(after(t, group(longest...), 500).Value); n > 160 {
		t.Errorf("a cursor has %d characters", n)
	}
}

// FuzzOccupantCursor: whatever is sent as a cursor is either rejected as invalid
// or leads to a page.
func FuzzOccupantCursor(f *testing.F) {
	d := group(people("u", 30)...)
	f.Add(after(f, d, 0).Value)
	f.Add(after(f, d, 14).Value)
	f.Add(after(f, d, 29).Value)
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []dialog.Dialog{d, group(people("u", 3)...), {ID: dialogID}} {
			if _, err := d.OccupantPage(5, dialog.Some(text)); err != nil {
				wantError(t, err, dialog.Invalid, "after")
			}
		}
	})
}
