package mongo_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// TestOldNames writes names with another client, like an instance of another version.
func TestOldNames(t *testing.T) {
	t.Parallel()
	uri := mongotest.URI(t)
	storetest.CheckOldNames(t, func(t testing.TB) dialog.Store { return open(t, uri, mongo.Options{}) }, oldWriter{mongotest.Connect(t, uri).Collection("dialogs")})
}

type oldWriter struct{ dialogs *driver.Collection }

func (w oldWriter) Rename(t testing.TB, id dialog.ID, name, key string) {
	t.Helper()
	oid, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		t.Fatal(err)
	}
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "name", Value: name}, {Key: "name_folded", Value: key}}}}
	if _, err := w.dialogs.UpdateByID(t.Context(), oid, update); err != nil {
		t.Fatal(err)
	}
}

func (w oldWriter) Keys(t testing.TB) []string {
	t.Helper()
	cursor, err := w.dialogs.Find(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var found []struct {
		Key string `bson:"name_folded"`
	}
	if err := cursor.All(t.Context(), &found); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, d := range found {
		keys = append(keys, d.Key)
	}
	return keys
}
