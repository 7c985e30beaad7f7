package mongo_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// A gateway whose database is unavailable answers pings, but nothing else, in different
// ways. Every call, also Ping, returns Unavailable until the database is back.
func TestGatewayWithoutItsDatabase(t *testing.T) {
	for _, test := range []struct {
		reason string
		react  mongotest.Reaction
	}{
		{"an internal error of the gateway", mongotest.Fail(1, "InternalError")},
		{"a code that nobody knows", mongotest.Fail(987654, "BackendGone")},
		{"not primary", mongotest.Fail(10107, "NotWritablePrimary")},
		{"a primary that steps down", mongotest.Fail(189, "PrimarySteppedDown")},
		{"a shutdown", mongotest.Fail(91, "ShutdownInProgress")},
		{"interrupted by a shutdown", mongotest.Fail(11600, "InterruptedAtShutdown")},
		{"a full disk", mongotest.Fail(14031, "OutOfDiskSpace")},
		{"throttled", mongotest.Fail(16500, "TooManyRequests")},
		{"a closed connection", mongotest.Reaction{Close: true}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			gateway := mongotest.NewGateway(t, mongotest.URI(t))
			s := open(t, gateway.URI(), mongo.Options{Timeout: 300 * time.Millisecond})
			t.Cleanup(func() { closeStore(t, s) })
			await(t, func() error { return s.Ping(t.Context()) })
			gateway.React(func(string) mongotest.Reaction { return test.react })
			for name, call := range calls(s) {
				if err := call(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
					t.Errorf("%s: %v, want Unavailable", name, err)
				}
			}
			gateway.React(func(string) mongotest.Reaction { return mongotest.Pass() })
			await(t, func() error { return s.Ping(t.Context()) })
		})
	}
}

// A database that refuses one command, but can be read, is not unavailable: the program or
// its permissions are at fault.
func TestCommandRefused(t *testing.T) {
	t.Parallel()
	gateway := mongotest.NewGateway(t, mongotest.URI(t))
	s := open(t, gateway.URI(), mongo.Options{})
	t.Cleanup(func() { closeStore(t, s) })
	gateway.React(func(command string) mongotest.Reaction {
		if command == "find" {
			return mongotest.Pass()
		}
		return mongotest.Fail(13, "Unauthorized")
	})
	err := s.AddAPIKey(t.Context(), dialog.APIKey{Name: "k"})
	if known := new(dialog.Error); err == nil || errors.As(err, &known) {
		t.Errorf("a command that is not allowed: %v, want an internal error", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("a database that can be read: %v", err)
	}
}

// If authentication fails, from the start or later, calls return Unavailable: the password
// was changed, or the gateway cannot check it at the moment.
func TestAuthenticationFails(t *testing.T) {
	t.Parallel()
	gateway := mongotest.NewGateway(t, mongotest.URI(t))
	var refused atomic.Bool
	gateway.React(func(command string) mongotest.Reaction {
		switch {
		case command != "saslStart":
			return mongotest.Pass()
		case refused.Load():
			return mongotest.Fail(18, "AuthenticationFailed")
		}
		return mongotest.Reaction{Reply: bson.D{{Key: "conversationId", Value: 1}, {Key: "done", Value: true}, {Key: "payload", Value: []byte{}}, {Key: "ok", Value: 1.0}}}
	})
	uri := strings.Replace(gateway.URI(), "://", "://somebody:s3cret@", 1) + "&authMechanism=PLAIN&authSource=$external"
	worked := open(t, uri, mongo.Options{Timeout: 300 * time.Millisecond})
	t.Cleanup(func() { closeStore(t, worked) })
	await(t, func() error { return worked.Ping(t.Context()) })
	refused.Store(true)
	gateway.Hangup()
	never := open(t, uri, mongo.Options{Timeout: 300 * time.Millisecond})
	t.Cleanup(func() { closeStore(t, never) })
	var both sync.WaitGroup
	for reason, s := range map[string]dialog.Store{"after it worked": worked, "from the start": never} {
		both.Go(func() {
			for name, call := range calls(s) {
				err := call(t.Context())
				if !dialog.IsCode(err, dialog.Unavailable) {
					t.Errorf("authentication fails %s: %s: %v, want Unavailable", reason, name, err)
				}
				if text := fmt.Sprint(err); strings.Contains(text, "s3cret") {
					t.Errorf("%s: the error shows the password: %s", name, text)
				}
			}
		})
	}
	both.Wait()
	refused.Store(false)
	await(t, func() error { return worked.Ping(t.Context()) })
}

// Ping does not wait for its deadline if the driver knows that no server can be reached,
// and it says why.
func TestPingKnowsAtOnce(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, "mongodb://"+address+"/db", mongo.Options{Timeout: time.Hour})
	err = s.Ping(t.Context())
	if !dialog.IsCode(err, dialog.Unavailable) || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
	closeStore(t, s)
}

// await tries again until it succeeds, or until the time of the test is over.
func await(t *testing.T, try func() error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
