package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// A userAccess is what is stored about a user who is suspended, or whose sessions were
// ended.
type userAccess struct {
	User          dialog.UserID  `bson:"_id"`
	Suspended     bool           `bson:"suspended"`
	SessionsEnded *bson.DateTime `bson:"sessions_ended,omitempty"`
}

// SuspendUser stores whether a user is suspended.
func (s *Store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool) error {
	return s.setAccess(ctx, "suspending a user", user, bson.D{{Key: "$set", Value: bson.D{{Key: "suspended", Value: suspended}}}})
}

// EndUserSessions stores that the sessions of a user have ended.
func (s *Store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	return s.setAccess(ctx, "ending the sessions of a user", user, bson.D{{Key: "$max", Value: bson.D{{Key: "sessions_ended", Value: millis(at)}}}})
}

func (s *Store) setAccess(ctx context.Context, doing string, user dialog.UserID, update bson.D) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	filter := bson.D{{Key: "_id", Value: user}}
	for try := 0; ; try++ {
		_, err := s.users.UpdateOne(ctx, filter, update, options.UpdateOne().SetUpsert(true))
		if err = againIfTaken(err); errors.Is(err, errAgain) { // another call is inserting it
			if err = pause(ctx, try); err == nil {
				continue
			}
		}
		if err != nil {
			return s.fail(ctx, doing, err)
		}
		return nil
	}
}

// UserAccess looks up users.
func (s *Store) UserAccess(ctx context.Context, users []dialog.UserID) ([]dialog.UserAccess, error) {
	return s.access(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: append([]dialog.UserID{}, users...)}}}})
}

// AllUserAccess lists all users about whom there is something to know.
func (s *Store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	return s.access(ctx, bson.D{})
}

func (s *Store) access(ctx context.Context, filter bson.D) ([]dialog.UserAccess, error) {
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
	var all []dialog.UserAccess
	for _, u := range stored {
		if u.Suspended || u.SessionsEnded != nil {
			all = append(all, dialog.UserAccess{User: u.User, Suspended: u.Suspended, SessionsEndedAt: instantOrNone(u.SessionsEnded)})
		}
	}
	return all, nil
}
