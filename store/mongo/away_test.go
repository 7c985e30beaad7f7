package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// When the server is unavailable, every method returns Unavailable within the deadline,
// and no error contains the credentials of the URI.
func TestServerAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil { // nobody listens there any more, so connections are refused
		t.Fatal(err)
	}
	const timeout = 200 * time.Millisecond
	s := open(t, "mongodb://somebody:s3cr%2Ft@"+address+"/db", mongo.Options{Timeout: timeout})
	t.Cleanup(func() { closeStore(t, s) })
	for name, call := range calls(s) {
		before := time.Now()
		err := call(t.Context())
		if took := time.Since(before); took > timeout+2*time.Second {
			t.Errorf("%s took %v, with a deadline of %v", name, took, timeout)
		}
		if !dialog.IsCode(err, dialog.Unavailable) {
			t.Errorf("%s: %v, want Unavailable", name, err)
		}
		if shown := new(dialog.Error); errors.As(err, &shown) && strings.Contains(shown.Message, address) {
			t.Errorf("%s: what callers are shown names the server: %s", name, shown.Message)
		}
		if text := fmt.Sprint(err); strings.Contains(text, "s3cr") || !strings.Contains(text, address) {
			t.Errorf("%s: the error for the log must name the server and no credential: %s", name, text)
		}
	}
}

// A server that accepts connections but does not answer is also unavailable.
func TestServerSilent(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := open(t, "mongodb://"+l.Addr().String()+"/db", mongo.Options{Timeout: 200 * time.Millisecond})
	t.Cleanup(func() { closeStore(t, s) })
	if err := s.Ping(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("a silent server: %v, want Unavailable", err)
	}
}

func calls(s dialog.Store) map[string]func(context.Context) error {
	const id = "0123456789abcdef01234567"
	now := time.UnixMilli(0).UTC()
	plan := dialog.CreatePlan{Dialog: dialog.Dialog{ID: id, Type: dialog.Group, CreatedAt: now, UpdatedAt: now, Version: 1}}
	rename := dialog.Plan{ID: id, Caller: dialog.Caller{APIKey: "k"}, Name: dialog.Some("x"), Policy: dialog.DefaultPolicy(dialog.DefaultLimits())}
	swap := rename
	swap.AddOccupants, swap.RemoveOccupants = []dialog.UserID{"a"}, []dialog.UserID{"b"}
	update := func(p dialog.Plan) func(context.Context) error {
		return func(ctx context.Context) error { _, err := s.Update(ctx, p); return err }
	}
	return map[string]func(context.Context) error{
		"Ping":   s.Ping,
		"Dialog": func(ctx context.Context) error { _, err := s.Dialog(ctx, id, true); return err },
		"Dialogs": func(ctx context.Context) error {
			_, err := s.Dialogs(ctx, dialog.Query{Scope: dialog.Mine, Limit: 1})
			return err
		},
		"Count":           func(ctx context.Context) error { _, err := s.Count(ctx, dialog.Query{Scope: dialog.Mine}); return err },
		"Create":          func(ctx context.Context) error { _, err := s.Create(ctx, plan); return err },
		"Update":          update(rename),
		"Update, reading": update(swap),
		"Classes":         func(ctx context.Context) error { _, err := s.Classes(ctx); return err },
		"SaveClass": func(ctx context.Context) error {
			_, err := s.SaveClass(ctx, dialog.Class{Name: "C", Revision: 1})
			return err
		},
		"AddAPIKey":    func(ctx context.Context) error { return s.AddAPIKey(ctx, dialog.APIKey{Name: "k"}) },
		"APIKeys":      func(ctx context.Context) error { _, err := s.APIKeys(ctx); return err },
		"RemoveAPIKey": func(ctx context.Context) error { return s.RemoveAPIKey(ctx, "k") },
		"Scan":         func(ctx context.Context) error { _, err := s.Scan(ctx, "", 1); return err },
		"Restore":      func(ctx context.Context) error { return s.Restore(ctx, []dialog.Dialog{plan.Dialog}) },
	}
}

// The server is killed during writes and started again. The store then works again,
// without a restart. Every write that a durable server has acknowledged is there.
// Repeating a write with the same key does not change the dialog twice, no matter whether
// the first attempt was stored.
func TestServerKilledInTheMiddleOfWrites(t *testing.T) {
	t.Parallel()
	server := mongotest.Start(t)
	store := open(t, server.URI(), mongo.Options{Timeout: 2 * time.Second})
	t.Cleanup(func() { closeStore(t, store) })
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	owner := dialog.Caller{User: "owner"}
	create := func() dialog.Dialog {
		t.Helper()
		out, err := service.Create(t.Context(), owner, dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")})
		if err != nil {
			t.Fatalf("creating: %v", err)
		}
		return out.Dialog
	}
	d := create()

	const writers = 8
	var acknowledged sync.Map
	var written atomic.Int64
	half, down := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := 0; ; n++ {
				user := dialog.UserID(fmt.Sprintf("w%d-%d", w, n))
				_, err := service.Update(t.Context(), owner, string(d.ID), dialog.Change{
					AddOccupants: []dialog.UserID{user}, IdempotencyKey: dialog.Some(string(user)),
				})
				switch {
				case err == nil:
					acknowledged.Store(user, true)
					if written.Add(1) == 10*writers {
						close(half)
					}
				case dialog.IsCode(err, dialog.Unavailable):
					select {
					case <-down:
						return
					default:
					}
				default:
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	<-half
	server.Kill()
	close(down)
	all.Wait()
	if err := store.Ping(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("asking for a server that was killed: %v, want Unavailable", err)
	}

	server.Restart()
	for err := store.Ping(t.Context()); err != nil; err = store.Ping(t.Context()) {
		if !dialog.IsCode(err, dialog.Unavailable) || t.Context().Err() != nil {
			t.Fatalf("waiting for the server to be back: %v", err)
		}
	}
	if !server.Durable() {
		d = create() // this server is not durable, and has lost everything; but the store works
		acknowledged.Clear()
	}
	user := dialog.UserID("after")
	change := dialog.Change{AddOccupants: []dialog.UserID{user}, IdempotencyKey: dialog.Some("after")}
	for _, replayed := range []bool{false, true} {
		out, err := service.Update(t.Context(), owner, string(d.ID), change)
		if err != nil || out.Replayed != replayed {
			t.Fatalf("updating after the restart: replayed %v, %v, want %v", out.Replayed, err, replayed)
		}
	}
	got, err := store.Dialog(t.Context(), d.ID, false)
	if err != nil {
		t.Fatalf("reading after the restart: %v", err)
	}
	in := map[dialog.UserID]bool{}
	for _, u := range got.Occupants {
		in[u] = true
	}
	acknowledged.Range(func(u, _ any) bool {
		if user, ok := u.(dialog.UserID); !ok || !in[user] {
			t.Errorf("%v was acknowledged and is not there", u)
		}
		return true
	})
	if int64(len(got.Occupants)) != got.Version {
		t.Errorf("%d occupants at version %d: each version added one", len(got.Occupants), got.Version)
	}
}

// Close stops all goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	uri := mongotest.URI(t)
	others := goleak.IgnoreCurrent()
	s := open(t, uri, mongo.Options{})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	goleak.VerifyNone(t, others)
}
