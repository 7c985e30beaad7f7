package api_test

import (
	"context"
	"slices"
	"testing"

	"dialogs/api"
)

// TestDetach does the rest of a request when its handlers have returned, and then what
// follows it, the innermost first.
func TestDetach(t *testing.T) {
	base, end := context.WithCancel(t.Context())
	request := &api.Request{ID: "id"}
	ctx, detachment := api.WithDetachment(api.WithRequest(t.Context(), request), func(from context.Context) context.Context {
		return api.Carry(base, from)
	})
	var did []string
	do := func(what string) func() { return func() { did = append(did, what) } }
	api.WhenFinished(ctx, do("before"))
	api.Detach(ctx, func(ctx context.Context, done func()) {
		defer done()
		if api.RequestID(ctx) != "id" {
			t.Error("the rest does not know its request")
		}
		end()
		<-ctx.Done()
		do("rest")()
	})
	api.WhenFinished(ctx, do("inner guard"))
	api.WhenFinished(ctx, do("outer guard"))
	do("returned")()
	detachment.Rest()(do("all"))
	if want := []string{"before", "returned", "rest", "inner guard", "outer guard", "all"}; !slices.Equal(did, want) {
		t.Errorf("got %q, want %q", did, want)
	}
}

// TestNotDetached does everything at once where nothing can be detached.
func TestNotDetached(t *testing.T) {
	var did []string
	api.Detach(t.Context(), func(_ context.Context, done func()) {
		did = append(did, "rest")
		done()
	})
	api.WhenFinished(t.Context(), func() { did = append(did, "finished") })
	if !slices.Equal(did, []string{"rest", "finished"}) {
		t.Errorf("got %q", did)
	}
	if _, detachment := api.WithDetachment(t.Context(), nil); detachment.Rest() != nil {
		t.Error("there is a rest of a request that was not detached")
	}
}
