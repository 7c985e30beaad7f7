package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// naming matches the dialogs and tombstones that name a user.
func naming(user dialog.UserID) bson.D {
	var any bson.A
	for _, field := range []string{
		fieldListedFor, fieldDeletedFor, fieldOwner, fieldAdmins, fieldOccupants, fieldDeparted + ".user", fieldCreatedWith + ".user",
		fieldHistory + ".user", fieldHistory + ".joined", fieldHistory + ".left", fieldHistory + ".new_admins", fieldHistory + ".lost_admins",
		fieldHistory + ".new_owner", fieldHistory + ".old_owner",
	} {
		any = append(any, bson.D{{Key: field, Value: user}})
	}
	return or(any)
}

// Traces searches dialogs and tombstones for the id of a user, in the order of their ids.
func (s *Store) Traces(ctx context.Context, user dialog.UserID, after dialog.ID, limit int) (dialog.Traces, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.Traces{}, err
	}
	defer end()
	found := dialog.Traces{Next: after}
	bounds := bson.D{}
	if after != "" {
		id, err := objectID(after)
		if err != nil {
			return dialog.Traces{}, err
		}
		bounds = append(bounds, bson.E{Key: "$gt", Value: id})
	}
	searched, err := s.idsOf(ctx, idsWithin(bounds), limit)
	if err != nil {
		return dialog.Traces{}, s.fail(ctx, "searching dialogs for a user", err)
	}
	if len(searched) == 0 {
		return found, nil
	}
	last := searched[len(searched)-1]
	bounds = append(bounds, bson.E{Key: "$lte", Value: last})
	named, err := s.idsOf(ctx, and(bson.A{idsWithin(bounds), naming(user)}), limit)
	if err != nil {
		return dialog.Traces{}, s.fail(ctx, "searching dialogs for a user", err)
	}
	found.Next, found.More = dialog.ID(last.Hex()), len(searched) == limit
	for _, id := range named {
		found.IDs = append(found.IDs, dialog.ID(id.Hex()))
	}
	return found, nil
}

// idsWithin matches ids between bounds.
func idsWithin(bounds bson.D) bson.D {
	if len(bounds) == 0 {
		return bson.D{}
	}
	return bson.D{{Key: fieldID, Value: bounds}}
}

// idsOf returns the first ids of the dialogs and tombstones that a filter matches.
func (s *Store) idsOf(ctx context.Context, filter bson.D, limit int) ([]bson.ObjectID, error) {
	find := options.Find().SetProjection(onlyID).SetSort(bson.D{{Key: fieldID, Value: 1}}).SetLimit(int64(limit))
	cursor, err := s.dialogs.Find(ctx, filter, find)
	if err != nil {
		return nil, err
	}
	var list []struct {
		ID bson.ObjectID `bson:"_id"`
	}
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	ids := make([]bson.ObjectID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids, nil
}

// Scrub removes a user from the records of dialogs and from tombstones.
func (s *Store) Scrub(ctx context.Context, user dialog.UserID, ids []dialog.ID) error {
	for _, id := range ids {
		oid, err := objectID(id)
		if err != nil {
			return err
		}
		if err := s.scrubOne(ctx, user, oid); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) scrubOne(ctx context.Context, user dialog.UserID, id bson.ObjectID) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for try := 0; ; try++ {
		err := s.scrub(ctx, user, id)
		if errors.Is(err, errAgain) {
			if err = pause(ctx, try); err == nil {
				continue
			}
		}
		if err != nil {
			return s.fail(ctx, "removing a user from a dialog", err)
		}
		return nil
	}
}

// scrub writes the changed document if no other write came in between.
func (s *Store) scrub(ctx context.Context, user dialog.UserID, id bson.ObjectID) error {
	there, found, err := s.lookUp(ctx, id, withHistory)
	if err != nil || !found {
		return err
	}
	d, err := there.dialog()
	if err != nil {
		return err
	}
	set, pull, unset := bson.D{}, bson.D{{Key: fieldDeparted, Value: bson.D{{Key: "user", Value: user}}}}, bson.D{}
	if d.Scrub(user) {
		scrubbed := make([]record, len(d.History))
		for i := range d.History {
			scrubbed[i] = toRecord(&d.History[i])
		}
		set = append(set, bson.E{Key: fieldHistory, Value: scrubbed})
	}
	if d.Deleted {
		set = append(set, bson.E{Key: fieldOwner, Value: d.Owner})
		for _, field := range []string{fieldAdmins, fieldOccupants, fieldDeletedFor} {
			pull = append(pull, bson.E{Key: field, Value: user})
		}
	}
	if there.CreatedWith != nil && there.CreatedWith.User == user {
		unset = append(unset, bson.E{Key: fieldCreatedWith, Value: ""})
	}
	update := bson.D{{Key: "$pull", Value: pull}}
	if len(set) > 0 {
		update = append(update, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	result, err := s.dialogs.UpdateOne(ctx, bson.D{{Key: fieldID, Value: id}, {Key: fieldVersion, Value: d.Version}}, update)
	if isContention(err) || err == nil && result.MatchedCount == 0 {
		return errAgain
	}
	return err
}
