package mongo_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// A reader is a client that reads the changes of a fixture's owner.
type reader struct {
	*fixture
	cursor dialog.Optional[string]
}

func (f *fixture) reader() *reader {
	f.t.Helper()
	r := &reader{fixture: f}
	if got, err := r.read(); err != nil || len(got) > 0 {
		f.t.Fatalf("the mark of now: %v, %v", got, err)
	}
	return r
}

func (r *reader) read() ([]dialog.ID, error) {
	page, err := r.service.Changes(r.t.Context(), dialog.Caller{User: "owner"}, r.cursor, dialog.Some(10))
	if err != nil {
		return nil, err
	}
	r.cursor = dialog.Some(page.Cursor)
	var ids []dialog.ID
	for _, d := range page.Changed {
		ids = append(ids, d.ID)
	}
	return ids, nil
}

func (r *reader) gets(reason string, want ...dialog.ID) {
	r.t.Helper()
	got, err := r.read()
	if err != nil || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
		r.t.Errorf("%s: %v, %v, want %v", reason, got, err, want)
	}
}

// change changes a dialog, with a stamp of the database from some time ago.
func (f *fixture) change(id dialog.ID, ago time.Duration) {
	f.t.Helper()
	if _, err := f.service.Update(f.t.Context(), dialog.Caller{User: "owner"}, string(id), dialog.Change{Name: dialog.Some(rand.Text())}); err != nil {
		f.t.Fatal(err)
	}
	oid, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		f.t.Fatal(err)
	}
	dialogs := mongotest.Connect(f.t, f.uri).Collection("dialogs")
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "changed_at", Value: time.Now().Add(-ago)}}}}
	if _, err := dialogs.UpdateOne(f.t.Context(), bson.D{{Key: "_id", Value: oid}}, update); err != nil {
		f.t.Fatal(err)
	}
}

// A write can become visible after others that the database stamped later.
func TestLateWrite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	late, other := f.create(dialog.Group), f.create(dialog.Group)
	r := f.reader()
	r.gets("nothing has happened")
	f.change(other, 0)
	r.gets("a change", other)
	f.change(late, 5*time.Second)
	r.gets("a change that became visible late", late)
	r.gets("nothing more")
	r.gets("nothing more, again")
}

// passes makes everything that is stored older, and returns a cursor that is as much older:
// as if that time had passed.
func (f *fixture) passes(d time.Duration, cursor string) string {
	f.t.Helper()
	dialogs := mongotest.Connect(f.t, f.uri).Collection("dialogs")
	found, err := dialogs.Find(f.t.Context(), bson.D{})
	if err != nil {
		f.t.Fatal(err)
	}
	var all []struct {
		ID      bson.ObjectID `bson:"_id"`
		Changed time.Time     `bson:"changed_at"`
	}
	if err := found.All(f.t.Context(), &all); err != nil {
		f.t.Fatal(err)
	}
	var writes []driver.WriteModel
	for _, one := range all {
		update := bson.D{{Key: "$set", Value: bson.D{{Key: "changed_at", Value: one.Changed.Add(-d)}}}}
		writes = append(writes, driver.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: one.ID}}).SetUpdate(update))
	}
	if _, err := dialogs.BulkWrite(f.t.Context(), writes); err != nil {
		f.t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		f.t.Fatal(err)
	}
	var c struct {
		Mark dialog.Mark `json:"m"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		f.t.Fatal(err)
	}
	earlier, err := mongo.Earlier(c.Mark, d)
	if err != nil {
		f.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), string(c.Mark), string(earlier), 1)))
}

// TestOldRound: a client that is cut off after the first change of a round, comes back later,
// and is cut off again after each change, is told each of them once, although there are more
// than its cursor can remember. It also learns what became visible late.
func TestOldRound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hub := live.NewHub(live.Options{Store: f.store, Service: f.service, Now: f.now.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	defer running.Wait()
	defer cancel()
	owner := dialog.Caller{User: "owner"}
	connect := func(after dialog.Optional[string]) *live.Watch {
		t.Helper()
		w, err := hub.Dialogs(ctx, owner, after)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	defer connect(dialog.Optional[string]{}).Close() // the hub reads all the time
	late := f.create(dialog.Group)
	page, err := f.service.Changes(ctx, owner, dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		t.Fatal(err)
	}
	cursor, told, want := page.Cursor, map[string]int{}, map[string]int{}
	var made []dialog.ID
	for range 110 {
		made = append(made, f.create(dialog.Group))
		want[fmt.Sprint(made[len(made)-1], " 1")] = 1
	}
	cut := func() {
		t.Helper()
		w := connect(dialog.Some(cursor))
		defer w.Close()
		waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		e, err := w.Next(waiting)
		if err != nil {
			t.Fatalf("after %d events: %v", len(told), err)
		}
		cursor = e.Cursor
		told[fmt.Sprint(e.ID, " ", e.Change.Version)]++
	}
	cut()
	f.change(late, 5*time.Second)
	want[fmt.Sprint(late, " 2")] = 1
	cursor = f.passes(11*time.Second, cursor)
	f.change(made[50], 0)
	delete(want, fmt.Sprint(made[50], " 1"))
	want[fmt.Sprint(made[50], " 2")] = 1
	for len(told) < len(want) && !t.Failed() {
		cut()
	}
	f.change(made[0], 0)
	want[fmt.Sprint(made[0], " 2")] = 1
	cut()
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("what the client was told, and how often (-want +got):\n%s", diff)
	}
}

// When the clock of the database goes back, earlier marks become invalid.
func TestClockBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(dialog.Group)
	r := f.reader()
	sync := mongotest.Connect(t, f.uri).Collection("sync")
	set := func(field string, value any) {
		t.Helper()
		if _, err := sync.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "clock"}}, bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: value}}}}); err != nil {
			t.Fatal(err)
		}
	}
	refuses := func(reason string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; { // the clock is only read once a second
			_, err := r.read()
			if dialog.IsCode(err, dialog.ResyncRequired) {
				break
			}
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%s: %v, want ResyncRequired", reason, err)
			}
		}
		r = f.reader()
		r.gets(reason + ", after starting again")
	}
	set("latest", time.Now().Add(5*time.Second))
	for read := bson.Raw(nil); ; { // until the clock was read again
		r.gets("the clock went back a little")
		now, err := sync.FindOne(t.Context(), bson.D{}).Raw()
		if err != nil {
			t.Fatal(err)
		}
		if read != nil && !now.Lookup("now").Equal(read.Lookup("now")) {
			break
		}
		read = now
	}
	set("latest", time.Now().Add(time.Hour))
	refuses("the clock went back by an hour")
}

// Instances may have different retention times.
func TestForgets(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Now()
	for _, tt := range []struct {
		reason     string
		kept, said time.Duration // retention time of the other instance; how long ago it reported that
		floor      time.Duration // how long ago
		want       bool
	}{
		{"the other keeps it longer", 8 * day, 0, 6 * day, false},
		{"the other keeps it as long", 7 * day, 0, 8 * day, false},
		{"the other still has it", day, 0, day - time.Minute, false},
		{"the other may have forgotten", day, 0, day + time.Minute, true},
		{"the other was gone before", day, 3 * day, 2 * day, false},
		{"the other was there then", day, 3 * day, 4 * day, true},
	} {
		if got := mongo.Forgets(tt.kept, now.Add(-tt.said), now, now.Add(-tt.floor), 7*day); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.reason, got, tt.want)
		}
	}
}
