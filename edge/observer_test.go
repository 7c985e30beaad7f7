package edge_test

import (
	"context"
	"net/http"
	"testing"

	"dialogs/api"
	"dialogs/edge"
)

// TestTracesOff counts what a request allocates for traces: nothing without them.
func TestTracesOff(t *testing.T) {
	r, noted := request(http.MethodPost, "/graphql"), &api.Request{}
	var off edge.Observer
	on := edge.Observer{
		Trace: func(r *http.Request) (context.Context, func(string, string, int)) {
			return r.Context(), func(string, string, int) {}
		},
		Continue: func(to, _ context.Context) context.Context { return to },
	}
	if off.Begin(r, noted) != r.Context() {
		t.Error("the context is another one")
	}
	if n := testing.AllocsPerRun(100, func() { off.Begin(r, noted) }); n > 0 {
		t.Errorf("a request without traces allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { on.Begin(r, noted) }); n == 0 {
		t.Error("a request with traces allocates nothing, so this test sees nothing")
	}
}
