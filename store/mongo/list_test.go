package mongo_test

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
	"dialogs/store/mongo"
)

// A stretch of a list names the sort field once, however the list is bounded:
// some MongoDB-compatible servers lose dialogs with the same key when it is
// bounded twice. That the pages are right is tested by the suite of all stores.
func TestSortFieldIsBoundedOnce(t *testing.T) {
	t.Parallel()
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	position := func(ms int64) *dialog.Position {
		return &dialog.Position{Key: dialog.SortKey{Time: at(ms)}, ID: "0123456789abcdef01234567"}
	}
	bounds := []time.Time{{}, at(10), at(20), at(30)}
	positions := []*dialog.Position{nil, position(10), position(20), position(30)}
	for field, name := range map[dialog.OrderField]string{dialog.ByUpdatedAt: "updated_at", dialog.ByCreatedAt: "created_at"} {
		for i := range len(bounds) * len(bounds) * len(positions) * len(positions) {
			after, before := bounds[i%4], bounds[i/4%4]
			q := dialog.Query{
				User: "u", Scope: dialog.Visible, Order: dialog.Order{Field: field, Descending: i%3 == 0},
				After: positions[i/16%4], Before: positions[i/64%4],
				Filter: dialog.Filter{UpdatedAfter: after, UpdatedBefore: before},
			}
			if field == dialog.ByCreatedAt {
				q.Filter = dialog.Filter{CreatedAfter: after, CreatedBefore: before}
			}
			stretches, err := mongo.Stretches(q)
			if err != nil {
				t.Fatal(err)
			}
			for _, stretch := range stretches {
				if n := timesNamed(t, stretch, name); n > 1 {
					t.Errorf("%+v: the stretch %v bounds %s %d times", q, stretch, name, n)
				}
			}
		}
	}
}

// timesNamed counts the conditions on a field, at any depth.
func timesNamed(t *testing.T, condition any, field string) int {
	t.Helper()
	n := 0
	switch c := condition.(type) {
	case bson.A:
		for _, one := range c {
			n += timesNamed(t, one, field)
		}
	case bson.D:
		for _, e := range c {
			if e.Key == field {
				n++
			}
			n += timesNamed(t, e.Value, field)
		}
	}
	return n
}
