package mongo_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// TestErasureLeavesNothing searches every document of every collection for an erased user.
func TestErasureLeavesNothing(t *testing.T) {
	uri := mongotest.URI(t)
	storetest.Erase(t, func(t testing.TB) dialog.Store { return open(t, uri, mongo.Options{}) })
	db := mongotest.Connect(t, uri)
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range names {
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		var all []bson.Raw
		if err := cursor.All(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		for _, document := range all {
			seen++
			if bytes.Contains(document, []byte(storetest.Erased)) {
				t.Errorf("the collection %s names an erased user: %s", name, document)
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d documents were looked at", seen)
	}
}

// TestErasureBesideAChange: a change that has read who left a dialog does not store that a
// user left who was erased in the meantime.
func TestErasureBesideAChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	owner, id := dialog.Caller{User: "owner"}, f.create(dialog.Group)
	if _, err := f.service.Update(t.Context(), owner, string(id), dialog.Change{RemoveOccupants: []dialog.UserID{"b"}}); err != nil {
		t.Fatal(err)
	}
	var erased sync.Once
	store := open(t, f.uri, mongo.Options{Monitor: &event.CommandMonitor{Started: func(ctx context.Context, e *event.CommandStartedEvent) {
		if e.CommandName == once && e.Command.Lookup(once).StringValue() == "dialogs" {
			erased.Do(func() {
				if err := f.store.Scrub(ctx, "b", []dialog.ID{id}); err != nil {
					t.Error(err)
				}
			})
		}
	}}})
	t.Cleanup(func() { closeStore(t, store) })
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), f.now.Now, nil)
	out, err := service.Update(t.Context(), owner, string(id), dialog.Change{AddOccupants: []dialog.UserID{"d"}, RemoveOccupants: []dialog.UserID{"c"}})
	if err != nil {
		t.Fatal(err)
	}
	var stored struct {
		Version  int64
		Departed []struct{ User dialog.UserID }
	}
	oid, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		t.Fatal(err)
	}
	if err := mongotest.Connect(t, f.uri).Collection("dialogs").FindOne(t.Context(), bson.D{{Key: "_id", Value: oid}}).Decode(&stored); err != nil {
		t.Fatal(err)
	}
	if stored.Version != out.Dialog.Version || len(stored.Departed) != 1 || stored.Departed[0].User != "c" {
		t.Errorf("version %d is stored, with the departures %v; want version %d, and that of c", stored.Version, stored.Departed, out.Dialog.Version)
	}
}
