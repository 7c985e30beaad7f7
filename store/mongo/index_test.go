package mongo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// names are the indexes of the dialogs.
func names(t testing.TB, db *driver.Database) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	specs, err := db.Collection("dialogs").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatalf("listing indexes: %v", err)
	}
	for _, spec := range specs {
		all[spec.Name] = true
	}
	return all
}

func makeIndexes(t testing.TB, db *driver.Database) map[string]bool {
	t.Helper()
	if err := mongo.MakeIndexes(t.Context(), db); err != nil {
		t.Fatalf("making indexes: %v", err)
	}
	return names(t, db)
}

func TestIndexesAreMadeOnce(t *testing.T) {
	t.Parallel()
	db := mongotest.Connect(t, mongotest.URI(t))
	first := makeIndexes(t, db)
	if len(first) < 5 {
		t.Errorf("only these indexes: %v", first)
	}
	if diff := cmp.Diff(first, makeIndexes(t, db)); diff != "" {
		t.Errorf("made again, other indexes are there (-first +second):\n%s", diff)
	}
}

// Indexes of an earlier version are replaced. An operator's own indexes are kept.
func TestIndexesOfAnotherVersionAreReplaced(t *testing.T) {
	t.Parallel()
	want := makeIndexes(t, mongotest.Connect(t, mongotest.URI(t)))
	want["by_owner"] = true

	db := mongotest.Connect(t, mongotest.URI(t))
	for _, old := range []driver.IndexModel{
		{Keys: bson.D{{Key: "listed_for", Value: 1}}, Options: options.Index().SetName("list_by_updated_at_v0")},
		// An index with the same keys, but with another time to live, can't exist at the
		// same time.
		{Keys: bson.D{{Key: "deleted_at", Value: 1}}, Options: options.Index().SetName("tombstones_v0").SetExpireAfterSeconds(60)},
		{Keys: bson.D{{Key: "owner_id", Value: 1}}, Options: options.Index().SetName("by_owner")},
	} {
		if _, err := db.Collection("dialogs").Indexes().CreateOne(t.Context(), old); err != nil {
			t.Fatalf("making an old index: %v", err)
		}
	}
	if diff := cmp.Diff(want, makeIndexes(t, db)); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
}

// The store creates its indexes in the background.
func TestStoreMakesItsIndexes(t *testing.T) {
	t.Parallel()
	uri := mongotest.URI(t)
	s := open(t, uri, mongo.Options{})
	t.Cleanup(func() { closeStore(t, s) })
	db := mongotest.Connect(t, uri)
	for !names(t, db)["list_by_name_v1"] {
		if t.Context().Err() != nil {
			t.Fatal("the store made no indexes")
		}
	}
}

// Expired documents are removed by the server, but not before they have expired by the
// clock of every instance.
func TestWhatIsOverIsClearedAway(t *testing.T) {
	t.Parallel()
	db := mongotest.Connect(t, mongotest.URI(t))
	makeIndexes(t, db)
	specs, err := db.Collection("dialogs").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, spec := range specs {
		if spec.Name != "tombstones_v2" {
			continue
		}
		found = true
		after := time.Duration(0)
		if spec.ExpireAfterSeconds != nil {
			after = time.Duration(*spec.ExpireAfterSeconds) * time.Second
		}
		if after <= 0 || after > 24*time.Hour {
			t.Errorf("tombstones are removed %v after they may be forgotten", after)
		}
	}
	if !found {
		t.Error("nothing clears tombstones away")
	}
}
