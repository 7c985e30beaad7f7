package api_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"dialogs/api"
)

// TestNotes adds notes from several goroutines at once, as the operations of
// one WebSocket do.
func TestNotes(t *testing.T) {
	request := &api.Request{ID: "the-id"}
	ctx := api.WithRequest(t.Context(), request)
	if got := api.RequestID(ctx); got != "the-id" {
		t.Errorf("got the id %q", got)
	}
	const each = 100
	var all sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		all.Go(func() {
			for n := range each {
				api.Note(ctx, slog.Int(name, n), slog.Bool("also", true))
				request.Notes()
			}
		})
	}
	all.Wait()
	next := map[string]int64{}
	for _, note := range request.Notes() {
		if note.Key == "also" {
			continue
		}
		if note.Value.Int64() != next[note.Key] {
			t.Fatalf("got %v, want %d", note, next[note.Key])
		}
		next[note.Key]++
	}
	if next["a"] != each || next["b"] != each || len(request.Notes()) != 4*each {
		t.Errorf("notes were lost: %v of %d", next, len(request.Notes()))
	}
	copied := request.Notes()
	copied[0] = slog.String("changed", "")
	if request.Notes()[0].Key == "changed" {
		t.Error("who reads the notes can change them")
	}
}

func TestWithoutRequest(t *testing.T) {
	ctx := context.Background()
	api.Note(ctx, slog.String("to", "nobody"))
	if id := api.RequestID(ctx); id != "" {
		t.Errorf("got the id %q", id)
	}
	if api.Stopping(ctx) != nil {
		t.Error("something stops without a server")
	}
}

func TestStopping(t *testing.T) {
	stopping, stop := context.WithCancel(t.Context())
	ctx := api.WithStopping(t.Context(), stopping)
	told := make(chan struct{})
	api.OnStopping(ctx, func() { close(told) })
	forget := api.OnStopping(ctx, func() { t.Error("told after it was forgotten") })
	if !forget() || api.IsStopping(ctx) {
		t.Fatal("the server stops before it does")
	}
	stop()
	<-api.Stopping(ctx)
	<-told
	if !api.IsStopping(ctx) || api.IsStopping(t.Context()) || api.Stopping(t.Context()) != nil {
		t.Error("a server stops that is none, or one that does does not")
	}
}

// TestRecovered hides a panic from the caller and logs where it came from.
func TestRecovered(t *testing.T) {
	for reason, value := range map[string]any{
		"an error": errors.New("s3cret of a driver"), "a text": "s3cret of a driver",
		"a refusal, which is a bug nevertheless": &api.Refusal{Code: api.BadUserInput, Message: "s3cret of a driver"},
	} {
		var lines strings.Builder
		log := slog.New(slog.NewTextHandler(&lines, nil))
		ctx := api.WithRequest(t.Context(), &api.Request{ID: "the-id"})
		refusal := api.RefusalOf(ctx, log, recovered(ctx, log, value))
		if refusal.Code != api.Internal || refusal.RequestID != "the-id" || strings.Contains(refusal.Message, "s3cret") {
			t.Errorf("%s: got %+v", reason, refusal)
		}
		for _, want := range []string{"s3cret of a driver", "internal error", "panic: ", "request_test.go"} {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("%s: the log lacks %q: %s", reason, want, lines.String())
			}
		}
		if n := strings.Count(lines.String(), "\n"); n != 1 {
			t.Errorf("%s: the log has %d lines, want one: %s", reason, n, lines.String())
		}
	}
}

func recovered(ctx context.Context, log *slog.Logger, value any) (err error) {
	defer func() { err = api.Recovered(ctx, log, recover()) }()
	panic(value)
}
