package graph_test

import (
	"testing"

	"dialogs/graph"
)

// TestTracesOff counts what an operation allocates for traces: nothing without them.
func TestTracesOff(t *testing.T) {
	ctx := t.Context()
	if graph.Untraced(ctx) != ctx {
		t.Error("the context is another one")
	}
	if n := testing.AllocsPerRun(100, func() { graph.Untraced(ctx) }); n > 0 {
		t.Errorf("an operation without traces allocates %v times", n)
	}
}
