package dialog_test

import (
	"testing"

	"dialogs/dialog"
)

func TestLimits(t *testing.T) {
	if err := dialog.DefaultLimits().Validate(); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		reason string
		change func(*dialog.Limits)
		ok     bool
	}{
		{"no limit", func(l *dialog.Limits) { *l = dialog.Limits{} }, false},
		{"no characters", func(l *dialog.Limits) { l.NameLength = 0 }, false},
		{"fewer than none", func(l *dialog.Limits) { l.PhotoBytes = -1 }, false},
		{"a private dialog has two", func(l *dialog.Limits) { l.Occupants = 1 }, false},
		{"the fewest", func(l *dialog.Limits) {
			*l = dialog.Limits{NameLength: 1, PhotoBytes: 1, Occupants: 2, Admins: 1, IDsPerList: 1, FieldsPerClass: 1, Classes: 1, CustomBytes: 1, Rows: 1}
		}, true},
		{"the most", func(l *dialog.Limits) { l.CustomBytes = 1 << 20 }, true},
		{"too much", func(l *dialog.Limits) { l.CustomBytes = 1<<20 + 1 }, false},
	} {
		limits := dialog.DefaultLimits()
		tt.change(&limits)
		if err := limits.Validate(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.reason, err)
		}
	}
}
