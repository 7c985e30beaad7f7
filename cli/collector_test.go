package cli

import "testing"

func TestCollectorPercent(t *testing.T) {
	for _, tt := range []struct {
		reason string
		live   uint64
		want   int
	}{
		{"An empty heap must not grow without limit.", 0, 400},
		{"A small heap may grow to five times its size.", 1 << 20, 400},
		{"It may grow by 12 MiB.", 6 << 20, 200},
		{"From there on it doubles, as Go does by default.", 12 << 20, 100},
		{"A large heap must not take more than it does by default.", 1 << 30, 100},
	} {
		if got := collectorPercent(tt.live, collectorRoom); got != tt.want {
			t.Errorf("GOGC for %d bytes: %d, want %d\nreason: %s", tt.live, got, tt.want, tt.reason)
		}
	}
}
