package mongo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// TestSuspendedAgain: the instant of a suspension that ended does not count, though an
// earlier version of the program, which reinstated the user, has left it.
func TestSuspendedAgain(t *testing.T) {
	uri := mongotest.URI(t)
	s, at := open(t, uri, mongo.Options{}), time.UnixMilli(1_769_868_000_000).UTC()
	suspend := func(at time.Time) {
		if err := s.SuspendUser(t.Context(), "u", true, at); err != nil {
			t.Fatal(err)
		}
	}
	suspend(at)
	users := mongotest.Connect(t, uri).Collection("user_access")
	reinstated := bson.D{{Key: "$set", Value: bson.D{{Key: "suspended", Value: false}}}}
	if done, err := users.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "u"}}, reinstated); err != nil || done.ModifiedCount != 1 {
		t.Fatal(done, err)
	}
	suspend(at.Add(time.Hour))
	all, err := s.AllUserAccess(t.Context())
	want := []dialog.UserAccess{{User: "u", Suspended: true, SuspendedAt: at.Add(time.Hour)}}
	if diff := cmp.Diff(want, all); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}
