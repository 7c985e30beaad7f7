package dialog_test

import (
	"encoding/base64"
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
