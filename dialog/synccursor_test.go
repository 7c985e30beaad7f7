package dialog_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// TestSyncCursorFormats reads cursors of other versions of the program, and what is none.
func TestSyncCursorFormats(t *testing.T) {
	service := dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	for _, test := range []struct {
		reason, text string
		want         dialog.Code
	}{
		{"a later format", `{"v":2,"u":"alice","position":[1,2]}`, dialog.ResyncRequired},
		{"a much later format", `{"v":4711}`, dialog.ResyncRequired},
		{"no format", `{"u":"alice","t":1,"m":"x"}`, dialog.Invalid},
		{"a format that cannot be", `{"v":-1,"u":"alice","t":1,"m":"x"}`, dialog.Invalid},
		{"this format with something else in it", `{"v":1,"u":"alice","t":1,"m":"x","z":1}`, dialog.Invalid},
		{"this format without a place", `{"v":1,"u":"alice","t":1,"m":""}`, dialog.Invalid},
		{"something else", `[2]`, dialog.Invalid},
	} {
		after := dialog.Some(base64.RawURLEncoding.EncodeToString([]byte(test.text)))
		_, err := service.Changes(t.Context(), dialog.Caller{User: "alice"}, after, dialog.Optional[int]{})
		if !dialog.IsCode(err, test.want) {
			t.Errorf("%s: got %v, want code %d", test.reason, err, test.want)
		}
	}
}

// TestSyncCursorForgets: after a whole round, what was not read again is forgotten, except
// the latest dialogs that the caller has left.
func TestSyncCursorForgets(t *testing.T) {
	now := time.Now()
	var told dialog.SyncCursor
	told.MoveTo("m")
	changed := func(id string, version int64) *dialog.ChangedDialog {
		return &dialog.ChangedDialog{Dialog: dialog.Dialog{ID: dialog.ID(id), Version: version}, Removed: version == 0, Recent: true}
	}
	told.Remember(changed("read again", 3))
	told.Remember(changed("not read again", 3))
	for n := range 15 {
		told.Remember(changed(fmt.Sprint("left ", n), 0))
	}
	told.Complete(now)
	service := dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	c, err := service.SyncCursor(dialog.Caller{APIKey: "backend"}, dialog.Some(told.Text()))
	if err != nil {
		t.Fatal(err)
	}
	c.Remember(changed("read again", 3))
	c.ForgetUnread(now)
	for id, want := range map[string]bool{"read again": true, "left 14": true, "left 5": true, "left 4": false, "not read again": false} {
		version := int64(3)
		if strings.HasPrefix(id, "left") {
			version = 0
		}
		if got := c.Knows(changed(id, version)); got != want {
			t.Errorf("%s is remembered: %t, want %t", id, got, want)
		}
	}
	c.RememberHere(changed("before", 4), now.Add(-time.Hour))
	c.RememberHere(&dialog.ChangedDialog{Dialog: dialog.Dialog{ID: "passing", Version: 4}}, now)
	c.RememberHere(changed("after", 4), now)
	c.MoveBeyond("n", now.Add(-time.Minute))
	for id, want := range map[string]bool{"before": false, "passing": false, "after": true} {
		if got := c.Knows(changed(id, 4)); got != want {
			t.Errorf("beyond it, %s is remembered: %t, want %t", id, got, want)
		}
	}
}
