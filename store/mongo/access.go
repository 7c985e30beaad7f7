package mongo

import (
	"context"
	"crypto/sha256"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// A userAccess is stored for a user who is suspended, or whose sessions were ended. For a
// user who was erased, the _id is the SHA-256 hash of the user id, and a TTL index removes
// the document.
type userAccess struct {
	User          bson.RawValue  `bson:"_id"`
	Suspended     bool           `bson:"suspended"`
	SuspendedAt   *bson.DateTime `bson:"suspended_at,omitempty"` // nil if an earlier version stored it
	SessionsEnded *bson.DateTime `bson:"sessions_ended,omitempty"`
	Until         bson.DateTime  `bson:"until,omitempty"`
}

// hashOf returns the _id under which an erased user is stored.
func hashOf(user dialog.UserID) bson.Binary {
	sum := sha256.Sum256([]byte(user))
	return bson.Binary{Data: sum[:]}
}

// SuspendUser stores whether a user is suspended, and since when.
func (s *Store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool, at time.Time) error {
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "suspended", Value: suspended}}}}
	switch {
	case !suspended:
		update = append(update, bson.E{Key: "$unset", Value: bson.D{{Key: "suspended_at", Value: ""}}})
	case !at.IsZero():
		update = append(update, bson.E{Key: "$min", Value: bson.D{{Key: "suspended_at", Value: millis(at)}}})
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if suspended { // an earlier version reinstates without removing the instant
		reinstated := bson.D{{Key: fieldID, Value: user}, {Key: "suspended", Value: bson.D{{Key: "$ne", Value: true}}}}
		_, err = s.users.UpdateOne(ctx, reinstated, bson.D{{Key: "$unset", Value: bson.D{{Key: "suspended_at", Value: ""}}}})
	}
	if err == nil {
		err = s.upsert(ctx, s.users, user, update)
	}
	if err != nil {
		return s.fail(ctx, "suspending a user", err)
	}
	return nil
}

// EndUserSessions stores that the sessions of a user have ended.
func (s *Store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	update := bson.D{{Key: "$max", Value: bson.D{{Key: "sessions_ended", Value: millis(at)}}}}
	if err := s.upsert(ctx, s.users, user, update); err != nil {
		return s.fail(ctx, "ending the sessions of a user", err)
	}
	return nil
}

// UserAccess returns what is stored about these users; users without a document are left
// out.
func (s *Store) UserAccess(ctx context.Context, users []dialog.UserID) ([]dialog.UserAccess, error) {
	ids, names := make(bson.A, 0, 2*len(users)), make(map[string]dialog.UserID, len(users))
	for _, user := range users {
		hash := hashOf(user)
		ids = append(ids, user, hash)
		names[string(hash.Data)] = user
	}
	stored, err := s.access(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	if err != nil {
		return nil, err
	}
	all := accessOf(stored)
	for _, u := range stored {
		if _, hash, ok := u.User.BinaryOK(); ok && u.SessionsEnded != nil {
			all = dialog.WithSessionsEnded(all, names[string(hash)], instant(*u.SessionsEnded))
		}
	}
	return all, nil
}

// AllUserAccess lists all users who are suspended, or whose sessions were ended.
func (s *Store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	stored, err := s.access(ctx, bson.D{})
	if err != nil {
		return nil, err
	}
	return accessOf(stored), nil
}

func (s *Store) access(ctx context.Context, filter bson.D) ([]userAccess, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []userAccess
	cursor, err := s.users.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "looking up the access of users", err)
	}
	return stored, nil
}

// accessOf converts the documents of users who were not erased.
func accessOf(stored []userAccess) (all []dialog.UserAccess) {
	for _, u := range stored {
		if user, ok := u.User.StringValueOK(); ok && (u.Suspended || u.SessionsEnded != nil) {
			a := dialog.UserAccess{User: dialog.UserID(user), Suspended: u.Suspended, SessionsEndedAt: instantOrNone(u.SessionsEnded)}
			if u.Suspended { // an earlier version reinstates without removing the instant
				a.SuspendedAt = instantOrNone(u.SuspendedAt)
			}
			all = append(all, a)
		}
	}
	return all
}
