package mongo_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"dialogs/dialog"
)

// TestCursorOfWhoLeftTellsNothing: a cursor does not have the time of changes that others
// made after its user had left the dialog.
func TestCursorOfWhoLeftTellsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.create(dialog.Group)
	b := dialog.Caller{User: "b"}
	changes := func(after dialog.Optional[string]) string {
		page, err := f.service.Changes(t.Context(), b, after, dialog.Optional[int]{})
		if err != nil {
			t.Fatal(err)
		}
		return page.Cursor
	}
	before := dialog.Some(changes(dialog.Optional[string]{}))
	if _, err := f.service.Update(t.Context(), b, string(id), dialog.Change{RemoveOccupants: []dialog.UserID{"b"}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // the clock of the store is read once a second
	place := func() int64 {
		raw, _ := base64.RawURLEncoding.DecodeString(changes(before))
		var c struct{ M string }
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		m, _ := base64.RawURLEncoding.DecodeString(c.M)
		m = m[12:] // the epoch
		var v int64
		for range 3 { // the floor, the ceiling, and the place that was read last
			var n int
			v, n = binary.Varint(m)
			m = m[n:]
		}
		return v
	}
	first := place()
	if _, err := f.service.Update(t.Context(), dialog.Caller{User: "owner"}, string(id), dialog.Change{Name: dialog.Some("a secret time")}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if later := place(); later != first {
		t.Errorf("who left sees in the cursor that the dialog changed at %s", time.UnixMilli(later))
	}
}
