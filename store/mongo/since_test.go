package mongo_test

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
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

// A write can become visible after others that the database stamped later.
func TestLateWrite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dialogs := mongotest.Connect(t, f.uri).Collection("dialogs")
	late, other := f.create(dialog.Group), f.create(dialog.Group)
	r := f.reader()
	stamp := func(id dialog.ID, ago time.Duration) {
		t.Helper()
		oid, err := bson.ObjectIDFromHex(string(id))
		if err != nil {
			t.Fatal(err)
		}
		update := bson.D{{Key: "$inc", Value: bson.D{{Key: "version", Value: 1}}}, {Key: "$set", Value: bson.D{{Key: "changed_at", Value: time.Now().Add(-ago)}}}}
		if _, err := dialogs.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: oid}}, update); err != nil {
			t.Fatal(err)
		}
	}
	r.gets("nothing has happened")
	stamp(other, 0)
	r.gets("a change", other)
	stamp(late, 5*time.Second)
	r.gets("a change that became visible late", late)
	r.gets("nothing more")
	r.gets("nothing more, again")
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
