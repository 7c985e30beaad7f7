package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"dialogs/dialog"
)

// defaults are the settings of a server with a store of its own.
func defaults(t *testing.T) *settings {
	t.Helper()
	var s settings
	s.bind(pflag.NewFlagSet("serve", pflag.ContinueOnError))
	s.store.address = filepath.Join(t.TempDir(), "data")
	return &s
}

// openParts opens them until the test ends.
func openParts(t *testing.T, s *settings) parts {
	t.Helper()
	return openPartsUntil(t.Context(), t, s)
}

// openPartsUntil opens them for a server that is told to stop when ctx ends.
func openPartsUntil(ctx context.Context, t *testing.T, s *settings) parts {
	t.Helper()
	var opened closers
	p, err := s.parts(ctx, slog.New(slog.DiscardHandler), &opened)
	t.Cleanup(func() {
		if err := opened.close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPanicsOutsideOfAPIs has a page outside of the APIs panic: the client gets an answer.
func TestPanicsOutsideOfAPIs(t *testing.T) {
	s := defaults(t)
	p := openParts(t, s)
	p.prober = nil
	answer := httptest.NewRecorder()
	s.handler(p).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "INTERNAL") {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

// TestStreamsEndWithinTheGrace: when a server stops, its streams end in the first half of
// the grace, so that clients have the other half for their last messages.
func TestStreamsEndWithinTheGrace(t *testing.T) {
	s := defaults(t)
	s.grace = 8 * time.Second
	if got, want := s.graphqlConfig(openParts(t, s)).Streams.Spread, 4*time.Second; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestStreamsHaveTheWriteTimeout: clients of streams must read within --write-timeout, too.
func TestStreamsHaveTheWriteTimeout(t *testing.T) {
	s := defaults(t)
	s.writeTimeout = 8 * time.Second
	if got := s.graphqlConfig(openParts(t, s)).Streams.WriteTimeout; got != s.writeTimeout {
		t.Errorf("got %s, want %s", got, s.writeTimeout)
	}
}

// TestTheHubCatchesUpInLanes: what subscriptions have missed is read in turns.
func TestTheHubCatchesUpInLanes(t *testing.T) {
	if p := openParts(t, defaults(t)); p.hub.CatchUp != dialog.ChangeLog(p.lanes) {
		t.Error("the hub does not read from the store with lanes")
	}
}

// TestAdminServer: the listener of operators limits its clients, and its errors are in the log.
func TestAdminServer(t *testing.T) {
	var log strings.Builder
	server := adminServer(http.NotFoundHandler(), slog.New(slog.NewTextHandler(&log, nil)))
	if server.ReadHeaderTimeout != adminHeaderTimeout || server.ReadTimeout != adminHeaderTimeout || server.WriteTimeout != adminWriteTimeout || server.MaxHeaderBytes != adminHeaderBytes {
		t.Errorf("got %+v", server)
	}
	if server.ErrorLog == nil {
		t.Fatal("it has no log of errors")
	}
	if server.ErrorLog.Print("accept failed"); !strings.Contains(log.String(), `level=WARN msg="accept failed"`) {
		t.Errorf("the log has %q", log.String())
	}
}

// TestStreamsStartBeside: on MongoDB, starting streams wait for the network. With the
// embedded store they use the CPUs, so the API starts as many as there are.
func TestStreamsStartBeside(t *testing.T) {
	s := defaults(t)
	p := openParts(t, s)
	if got := s.graphqlConfig(p).Streams.Starting; got != 0 {
		t.Errorf("got %d at the same time with the embedded store, want 0 for the number of CPUs", got)
	}
	s.store.address = "mongodb://127.0.0.1/dialogs"
	if got := s.graphqlConfig(p).Streams.Starting; got != mongoStarting {
		t.Errorf("got %d at the same time on MongoDB, want %d", got, mongoStarting)
	}
}

// TestTheHubTellsTheSender: what the store announces, the hub hears, and the sender of webhooks
// must hear too.
func TestTheHubTellsTheSender(t *testing.T) {
	p := openParts(t, defaults(t))
	told := func(f func()) uintptr { return reflect.ValueOf(f).Pointer() }
	if p.hub.Announced == nil || told(p.hub.Announced) != told(p.sender.Wake) {
		t.Error("the hub does not tell the sender of announced changes")
	}
}

// TestChangesReachStreamsThatEnd: after the signal to stop, subscriptions end one after the
// other. Until then they are told of changes.
func TestChangesReachStreamsThatEnd(t *testing.T) {
	signal, stop := context.WithCancel(t.Context())
	p := openPartsUntil(signal, t, defaults(t))
	alice := dialog.Caller{User: "alice"}
	watch, err := p.hub.Dialogs(t.Context(), alice, dialog.Optional[string]{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	stop()
	if _, err := p.service.Create(t.Context(), alice, dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch")}); err != nil {
		t.Fatal(err)
	}
	told, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := watch.Next(told); err != nil {
		t.Errorf("a change after the signal: %v", err)
	}
}

// TestHolder: a store that one process serves at a time is continued by the next one at
// once, without waiting for the leases of the one before. Instances that share a store have
// different names.
func TestHolder(t *testing.T) {
	embedded, shared := storeSettings{address: "data"}, storeSettings{address: "mongodb://127.0.0.1/dialogs"}
	for _, tt := range []struct {
		reason string
		store  storeSettings
		same   bool
	}{
		{"the next process of an embedded store", embedded, true},
		{"two instances on MongoDB", shared, false},
	} {
		one, other := settings{store: tt.store}, settings{store: tt.store}
		if one, other := one.holder(), other.holder(); one == "" || (one == other) != tt.same {
			t.Errorf("%s: got %q and %q", tt.reason, one, other)
		}
	}
}

// TestFailedStartLeavesNothingRunning starts a server that reads the keys of another issuer
// and cannot print its welcome. Its context goes on, and nothing else does.
func TestFailedStartLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	// An issuer that accepts connections and does not answer.
	issuer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log strings.Builder
	code := Run(ctx, []string{
		"serve", "--dev", "--listen", "127.0.0.1:0", "--store", filepath.Join(t.TempDir(), "data"),
		"--jwks-url", "http://" + issuer.Addr().String(), "--jwks-issuer", "https://issuer.example", "--jwks-audience", "dialogs",
	}, nil, strings.NewReader(""), full{}, &log)
	if code != exitFailed || !strings.Contains(log.String(), errFull.Error()) {
		t.Errorf("got code %d and %s", code, &log)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
	if err := issuer.Close(); err != nil {
		t.Error(err)
	}
}

var errFull = errors.New("nothing can be written")

// full is an output that cannot be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
