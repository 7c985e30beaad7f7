package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

const (
	// departedMost is how many departures a dialog's document has at most. Older ones are
	// in a collection of their own.
	departedMost = 1000
	// departedLeft is how many stay when there are more: room for the next ones, so that not
	// every departure from a busy dialog has to move others.
	departedLeft = departedMost - 100
)

// A departure is a user who is no longer part of a dialog.
type departure struct {
	User dialog.UserID `bson:"user"`
	// At is by the database's clock, as far as the instance that wrote it knew it.
	At bson.DateTime `bson:"at"`
	// Until is when it may be forgotten.
	Until bson.DateTime `bson:"until"`
}

// A movedDeparture is one that had no more room in its dialog's document. If the user
// has come back to the dialog, it is still there: only the dialog says who is part of it.
type movedDeparture struct {
	ID    movedID       `bson:"_id"`
	At    bson.DateTime `bson:"at"`
	Until bson.DateTime `bson:"until"`
}

type movedID struct {
	Dialog bson.ObjectID `bson:"dialog"`
	User   dialog.UserID `bson:"user"`
}

func departures(at, until time.Time, users []dialog.UserID) []departure {
	list := make([]departure, len(users))
	for i, u := range users {
		list[i] = departure{User: u, At: millis(at), Until: millis(until)}
	}
	return list
}

// depart remembers who stopped being part of the dialog.
func (c *changes) depart(list []departure) {
	c.pushes = append(c.pushes, bson.E{Key: fieldDeparted, Value: bson.D{{Key: "$each", Value: list}}})
}

// rejoin forgets that these users were no longer part of the dialog.
func (c *changes) rejoin(users []dialog.UserID) {
	c.removes = append(c.removes, bson.E{Key: fieldDeparted, Value: bson.D{
		{Key: "user", Value: bson.D{{Key: "$in", Value: users}}},
	}})
}

// people updates who has departed. Where one update can't both add to the list and
// remove from it, the list is written whole. It returns the departures that have no more
// room: they must be moved first.
func (c *changes) people(there, left []departure, joined []dialog.UserID) (moved []departure) {
	kept, moved := departed(there, left, joined)
	switch {
	case len(left) == 0 && len(joined) == 0:
	case len(left) == 0:
		c.rejoin(joined)
	case len(joined) == 0 && len(moved) == 0:
		c.depart(left)
	default:
		c.set(fieldDeparted, kept)
	}
	return moved
}

// departed is the list of departures after some users left and others joined, and those
// that it has no room for.
func departed(there, left []departure, joined []dialog.UserID) (kept, moved []departure) {
	kept = slices.DeleteFunc(slices.Clone(there), func(d departure) bool { return slices.Contains(joined, d.User) })
	kept = append(kept, left...)
	if n := len(kept) - departedLeft; len(kept) > departedMost {
		kept, moved = kept[n:], kept[:n]
	}
	return kept, moved
}

// moveDepartures stores departures that their dialog has no more room for. They must be
// stored before they leave the dialog, so that readers find them in one place or the other.
func (s *Store) moveDepartures(ctx context.Context, id bson.ObjectID, list []departure) error {
	if len(list) == 0 {
		return nil
	}
	writes := make([]driver.WriteModel, len(list))
	for i, d := range list {
		later := bson.D{{Key: "$max", Value: bson.D{{Key: "at", Value: d.At}, {Key: "until", Value: d.Until}}}}
		writes[i] = driver.NewUpdateOneModel().SetFilter(bson.D{{Key: fieldID, Value: movedID{id, d.User}}}).SetUpdate(later).SetUpsert(true)
	}
	for try := 0; ; try++ {
		_, err := s.departures.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
		if err = againIfTaken(err); !errors.Is(err, errAgain) { // else another instance moves the same
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// departedSince matches departures after a mark's floor.
func departedSince(floor bson.DateTime) bson.E {
	return bson.E{Key: "at", Value: bson.D{{Key: "$gte", Value: before(floor, tolerance)}}}
}

// movedSince returns the moved departures that a field of their ids selects.
func (s *Store) movedSince(ctx context.Context, field string, value any, floor bson.DateTime) ([]movedDeparture, error) {
	filter := bson.D{{Key: "_id." + field, Value: value}, departedSince(floor)}
	cursor, err := s.departures.Find(ctx, filter, options.Find().SetProjection(onlyID))
	if err != nil {
		return nil, err
	}
	var list []movedDeparture
	err = cursor.All(ctx, &list)
	return list, err
}

// Departed returns who stopped being part of a dialog after a mark.
func (s *Store) Departed(ctx context.Context, id dialog.ID, after dialog.Mark) ([]dialog.UserID, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	m, err := decodeMark(after)
	if err != nil {
		return nil, dialog.ErrResync()
	}
	oid, err := objectID(id)
	if err != nil {
		return nil, err
	}
	there, _, err := s.lookUp(ctx, oid, bson.D{{Key: fieldDeparted, Value: 1}})
	if err != nil {
		return nil, s.fail(ctx, "reading who has left a dialog", err)
	}
	moved, err := s.movedSince(ctx, "dialog", oid, m.floor)
	if err != nil {
		return nil, s.fail(ctx, "reading who has left a dialog", err)
	}
	var users []dialog.UserID
	for _, d := range there.Departed {
		if d.At >= before(m.floor, tolerance) {
			users = append(users, d.User)
		}
	}
	for _, d := range moved {
		users = append(users, d.ID.User)
	}
	return users, nil
}
