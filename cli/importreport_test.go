package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestReasons bounds what is kept of many reasons.
func TestReasons(t *testing.T) {
	var r reasons
	for n := range 1000 {
		r.add(fmt.Sprint(n), fmt.Sprintf("reason %d", n))
		r.add(fmt.Sprint(n), "the same")
	}
	got := r.String()
	if !strings.HasPrefix(got, "1000 × the same (0, 1, 2, …)\n1 × reason 0 (0)\n") || !strings.HasSuffix(got, "\n901 × for other reasons\n") || len(r.all) != reasonsMost {
		t.Errorf("got %d reasons: %s", len(r.all), got)
	}
}
