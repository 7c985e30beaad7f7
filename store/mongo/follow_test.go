package mongo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// TestFollowFails distinguishes a server that has no change streams, or none for this
// user, from one where following may be tried again.
func TestFollowFails(t *testing.T) {
	gateway := mongotest.NewGateway(t, mongotest.URI(t))
	s := open(t, gateway.URI(), mongo.Options{})
	defer closeStore(t, s)
	for _, test := range []struct {
		reason string
		code   int
		name   string
		never  bool
	}{
		{"no rights", 13, "Unauthorized", true},
		{"a standalone server", 40573, "Location40573", true},
		{"no such stage", 40324, "Location40324", true},
		{"no such command", 59, "CommandNotFound", true},
		{"an engine that has none", 115, "CommandNotSupported", true},
		{"another engine", 238, "NotImplemented", true},
		{"a place that is no longer in the oplog", 286, "ChangeStreamHistoryLost", false},
		{"a token that is not known", 260, "InvalidResumeToken", false},
		{"an error that the driver does not resume from", 280, "ChangeStreamFatalError", false},
		{"the time of the server", 50, "MaxTimeMSExpired", false},
	} {
		for when, command := range map[string]string{"at the start": "aggregate", "later": "getMore"} {
			t.Run(test.reason+" "+when, func(t *testing.T) {
				gateway.React(func(got string) mongotest.Reaction {
					if got == command {
						return mongotest.Fail(test.code, test.name)
					}
					return mongotest.Pass()
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := s.Follow(ctx, func() {})
				if ctx.Err() != nil || err == nil || errors.Is(err, dialog.ErrNoFeed) != test.never {
					t.Errorf("got the error %v, want one that says that there are no change streams: %t", err, test.never)
				}
			})
		}
	}
}

// TestFollowReplaced follows again after the collection was dropped. That makes the stream
// invalid, if the server reports it.
func TestFollowReplaced(t *testing.T) {
	uri := mongotest.Real(t, "that ends change streams of a collection that was dropped")
	s := open(t, uri, mongo.Options{})
	defer closeStore(t, s)
	begun, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- s.Follow(t.Context(), func() {
			select {
			case begun <- struct{}{}:
			default:
			}
		})
	}()
	<-begun
	if err := mongotest.Connect(t, uri).Collection("dialogs").Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || errors.Is(err, dialog.ErrNoFeed) {
		t.Errorf("got the error %v, want one after which following is tried again", err)
	}
}
