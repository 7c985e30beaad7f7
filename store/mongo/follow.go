package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// These error codes mean that the server has no change streams, or that our user may not
// use them.
const (
	codeUnauthorized        = 13
	codeCommandNotFound     = 59
	codeChangeStreamMissing = 40573 // $changeStream is only supported on replica sets
	codeUnrecognizedStage   = 40324
	codeNotImplemented      = 238
	codeCommandNotSupported = 115
)

var noStreams = [...]int{
	codeUnauthorized, codeCommandNotFound, codeChangeStreamMissing, codeUnrecognizedStage,
	codeNotImplemented, codeCommandNotSupported,
}

// Follow watches a change stream of the dialogs. The stream only announces that something
// has changed; the changes are then read from the dialogs.
//
// A stream that was interrupted starts again at the present, and calls wake first: changes
// from the time in between are found like all others.
func (s *Store) Follow(ctx context.Context, wake func()) error {
	pipeline := bson.A{bson.D{{Key: "$project", Value: bson.D{{Key: fieldID, Value: 1}, {Key: "operationType", Value: 1}}}}}
	stream, err := s.dialogs.Watch(ctx, pipeline, options.ChangeStream())
	if err != nil {
		return s.followingFailed(ctx, err)
	}
	defer func() { _ = stream.Close(context.WithoutCancel(ctx)) }() // how it ended is known
	wake()
	for stream.Next(ctx) {
		wake()
	}
	if err := stream.Err(); err != nil {
		return s.followingFailed(ctx, err)
	}
	return errStreamEnded
}

var errStreamEnded = errors.New("the change stream ended")

func (s *Store) followingFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	said := fmt.Errorf("following the changes: %w", s.errors.clean(err))
	var refused driver.CommandError
	for _, code := range noStreams {
		if errors.As(err, &refused) && refused.HasErrorCode(code) {
			return fmt.Errorf("%w: %w", dialog.ErrNoFeed, said)
		}
	}
	return said
}
