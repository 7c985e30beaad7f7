package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// A lateWriter makes changes of MongoDB that become visible after others that the database
// stamped later, as it happens with several primaries and long commands.
type lateWriter struct {
	testing.TB
	uri string
}

// rename changes the name of a dialog, as if that had been written some time ago.
func (w lateWriter) rename(id, name string, ago time.Duration) {
	w.Helper()
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		w.Fatal(err)
	}
	then := time.Now().Add(-ago)
	record := bson.D{{Key: "kind", Value: dialog.Updated}, {Key: "user", Value: "alice"}, {Key: "at", Value: then}, {Key: "name", Value: name}}
	update := bson.D{
		{Key: "$inc", Value: bson.D{{Key: "version", Value: 1}}},
		{Key: "$set", Value: bson.D{{Key: "name", Value: name}, {Key: "name_folded", Value: name}, {Key: "updated_at", Value: then}, {Key: "changed_at", Value: then}}},
		{Key: "$push", Value: bson.D{{Key: "history", Value: record}}},
	}
	result, err := mongotest.Connect(w, w.uri).Collection("dialogs").UpdateOne(w.Context(), bson.D{{Key: "_id", Value: oid}}, update)
	if err != nil || result.ModifiedCount != 1 {
		w.Fatalf("a late write changed %+v: %v", result, err)
	}
}

// TestLiveLateWrites: changes that become visible late reach everyone who follows, once and
// in order, over connections that break; pollers too.
func TestLiveLateWrites(t *testing.T) {
	t.Parallel()
	s := servertest.StartOnMongo(t, "--rate-limit", "0")
	now := &target{}
	now.Store(&servertest.Process{Server: s})
	alice := servertest.WithToken(s.Token("alice"))
	var at struct{ Cursor string }
	servertest.Decode(t, s.Must(alice, `{ dialogChanges { cursor } }`, nil).Data["dialogChanges"], &at)
	punctual, late := newGroup(t, s), newGroup(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var followers []*follower
	var following sync.WaitGroup
	defer following.Wait()
	for n, f := range []*follower{
		{name: "WebSocket", follow: overWebSocket, variables: map[string]any{"after": at.Cursor}},
		{name: "event stream", follow: overEvents, variables: map[string]any{"after": at.Cursor}},
		{name: "polling", follow: byPolling, variables: map[string]any{"after": at.Cursor}},
		{name: "one dialog by WebSocket", one: late, follow: overWebSocket, variables: map[string]any{"id": late, "sinceVersion": 1}},
		{name: "one dialog by event stream", one: late, follow: overEvents, variables: map[string]any{"id": late, "sinceVersion": 1}},
	} {
		f.target, f.user, f.random, f.copy, f.versions = now, alice, rand.New(rand.NewPCG(uint64(n), 3)), map[string]int{}, map[string][]int{}
		if f.one != "" {
			f.copy[f.one] = 1 // where it starts
		}
		followers = append(followers, f)
		following.Go(func() {
			if err := f.run(ctx); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		})
	}
	defer cancel()
	caughtUp := func() {
		t.Helper()
		for _, f := range followers {
			want := f.expected(ctx, t, []string{punctual, late})
			for deadline := time.Now().Add(servertest.Patience); !f.has(want); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: the copy is %v, want %v\n%s", f.name, f.copy, want, s.Stderr)
				}
			}
		}
	}
	writer := lateWriter{t, s.Store}
	for n, ago := range []time.Duration{time.Second, 3 * time.Second, 8 * time.Second} {
		s.Must(alice, `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: { name: $name }) { replayed } }`, map[string]any{"id": punctual, "name": fmt.Sprint(n)})
		caughtUp() // with a position beyond what comes now
		writer.rename(late, fmt.Sprint("late ", n), ago)
		caughtUp()
	}
	cancel()
	following.Wait()
	for _, f := range followers {
		f.check(t)
	}
}

// TestLiveClockBack: after the clock of the database went back further than positions can
// bear, subscribers are told to start again, and that works.
func TestLiveClockBack(t *testing.T) {
	t.Parallel()
	s := servertest.StartOnMongo(t)
	alice := servertest.WithToken(s.Token("alice"))
	id := newGroup(t, s)
	ws := connectSocket(t, s, alice)
	before := ws.position()
	ws.subscribe("before", fmt.Sprintf(`subscription { dialogsChanged(after: %q) { dialogId } }`, before))
	clock := mongotest.Connect(t, s.Store).Collection("sync")
	ahead := bson.D{{Key: "$set", Value: bson.D{{Key: "latest", Value: time.Now().Add(time.Hour)}}}}
	if _, err := clock.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "clock"}}, ahead); err != nil {
		t.Fatal(err)
	}
	if kind, text := ws.next(); kind != "error" || !strings.Contains(text, "RESYNC_REQUIRED") {
		t.Fatalf("got %s, want RESYNC_REQUIRED", text)
	}
	ws.subscribe("old", fmt.Sprintf(`subscription { dialogsChanged(after: %q) { dialogId } }`, before))
	if kind, text := ws.next(); kind != "error" || !strings.Contains(text, "RESYNC_REQUIRED") {
		t.Fatalf("got %s for a position of before, want RESYNC_REQUIRED", text)
	}
	ws.subscribe("new", fmt.Sprintf(`subscription { dialogsChanged(after: %q) { dialogId } }`, ws.position()))
	s.Must(alice, `mutation($id: ID!) { updateDialog(id: $id, input: { name: "After" }) { replayed } }`, map[string]any{"id": id})
	if kind, text := ws.next(); kind != "next" || !strings.Contains(text, id) {
		t.Errorf("got %s, want the change", text)
	}
}
