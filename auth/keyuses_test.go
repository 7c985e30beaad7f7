package auth

import (
	"fmt"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// TestKeyUsesBounded uses ever new keys, each of which is revoked.
func TestKeyUsesBounded(t *testing.T) {
	now := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	u := newKeyUses(t.Context(), Config{Keys: memory.NewStore(), Now: func() time.Time { return now }})
	for i := range dialog.MaxAPIKeys {
		u.days[fmt.Sprint("key ", i)] = now.Truncate(24 * time.Hour)
	}
	now = now.Add(24 * time.Hour)
	u.note(dialog.APIKey{Name: "new"})
	u.close()
	if len(u.days) > 1 {
		t.Errorf("the uses of %d keys are remembered, want those of today", len(u.days))
	}
}
