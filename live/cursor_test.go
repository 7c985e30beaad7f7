package live_test

import (
	"fmt"
	"strings"
	"testing"

	"dialogs/dialog"
)

// TestCursorStaysShort: a cursor forgets what cannot be read again, also after
// reconnecting. It must stay short, because every event has one.
func TestCursorStaysShort(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		i := start(t, open())
		watch := i.watchAll(user("a"))
		for range 20 {
			for range 4 {
				id := i.group("a")
				watch.gets(told{id, 1, true})
				i.update(id, dialog.Change{Delete: true})
				watch.gets(told{id, 2, false})
			}
			watch.Close()
			watch = i.watchAll(user("a"), watch.cursor)
		}
		last := i.group("a")
		watch.gets(told{last, 1, true})
		// MongoDB reads the changes of the last seconds again, so its cursors remember
		// them.
		if exact := !strings.HasSuffix(t.Name(), "/mongodb"); exact && len(watch.cursor) > 1000 {
			t.Errorf("after 80 dialogs that came and went, a cursor has %d bytes", len(watch.cursor))
		}
	})
}

// TestBackSoonAfterTheStart: a client that starts now, and reconnects soon after, is not told
// of what happened shortly before it started.
func TestBackSoonAfterTheStart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		i := start(t, open())
		id := i.group("a")
		i.group("a")
		all := i.watchAll(user("a"))
		for n := range int64(4) {
			i.rename(id, fmt.Sprint(n))
			all.gets(told{id, n + 2, true})
		}
		back := i.watchAll(user("a"), all.cursor)
		i.rename(id, "later")
		back.gets(told{id, 6, true})
	})
}
