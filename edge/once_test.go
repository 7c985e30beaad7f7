package edge

import (
	"fmt"
	"testing"
	"time"
)

// TestOnceEach has more texts than are remembered.
func TestOnceEach(t *testing.T) {
	var o onceEach
	now := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	told := 0
	for i := range 3 * mostOnce {
		for range 2 {
			if o.first(fmt.Sprint("https://", i), now.Add(time.Duration(i)*time.Second)) {
				told++
			}
		}
	}
	if told != mostOnce || len(o.seen) != mostOnce {
		t.Errorf("told of %d texts and remembers %d, want %d", told, len(o.seen), mostOnce)
	}
	for reason, at := range map[string]time.Time{"an hour later": now.Add(onceFor), "after the clock was set back": now.Add(-time.Minute)} {
		if !o.first("https://late", at) || o.first("https://late", at) || len(o.seen) != 1 {
			t.Errorf("%s: a new text is not told once", reason)
		}
	}
}
