package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// An endedSession is stored for a session that was ended. A TTL index removes it.
type endedSession struct {
	ID    string        `bson:"_id"`
	Until bson.DateTime `bson:"until"`
}

// EndSession stores that a session was ended.
func (s *Store) EndSession(ctx context.Context, e dialog.EndedSession) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	longer := bson.D{{Key: "$max", Value: bson.D{{Key: "until", Value: millis(e.Until)}}}}
	if err := s.upsert(ctx, s.sessions, e.ID, longer); err != nil {
		return s.fail(ctx, "ending a session", err)
	}
	return nil
}

// SessionsEnded returns which of these sessions were ended.
func (s *Store) SessionsEnded(ctx context.Context, ids []string) ([]string, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []endedSession
	cursor, err := s.sessions.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: append([]string{}, ids...)}}}})
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "looking up sessions", err)
	}
	var ended []string
	for _, e := range stored {
		ended = append(ended, e.ID)
	}
	return ended, nil
}

// EndedSessions lists the ended sessions, by id.
func (s *Store) EndedSessions(ctx context.Context) ([]dialog.EndedSession, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []endedSession
	cursor, err := s.sessions.Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "reading the ended sessions", err)
	}
	var all []dialog.EndedSession
	for _, e := range stored {
		all = append(all, dialog.EndedSession{ID: e.ID, Until: instant(e.Until)})
	}
	return all, nil
}
