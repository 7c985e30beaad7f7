package mongo_test

import (
	"bytes"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

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
