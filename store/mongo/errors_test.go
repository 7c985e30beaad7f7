package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/store/mongo"
)

func writeError(code int) error {
	return driver.WriteException{WriteErrors: driver.WriteErrors{{Code: code}}}
}

// Two callers that make the same claim at the same time can get a duplicate key error or a
// write conflict. Both mean contention, and are tried again.
func TestContentionIsTriedAgain(t *testing.T) {
	t.Parallel()
	other := errors.New("another")
	for _, test := range []struct {
		reason string
		err    error
		want   error
	}{
		{"a duplicate key", writeError(11000), mongo.ErrAgain},
		{"a write conflict of an insert", writeError(112), mongo.ErrAgain},
		{"a write conflict of a command", driver.CommandError{Code: 112}, mongo.ErrAgain},
		{"a write conflict in the middle of an error", fmt.Errorf("x: %w", driver.CommandError{Code: 112}), mongo.ErrAgain},
		{"another error of the server", driver.CommandError{Code: 13}, driver.CommandError{Code: 13}},
		{"another error", other, other},
		{"none", nil, nil},
	} {
		if got := mongo.AgainIfTaken(test.err); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", test.reason, got, test.want)
		}
	}
}

func TestWhichErrorsMeanAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reason string
		err    error
		want   bool
	}{
		{"a deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), true},
		{"the network", driver.CommandError{Labels: []string{"NetworkError"}}, true},
		{"a set without a primary", driver.CommandError{Code: 10107}, true},
		{"a primary that steps down", driver.CommandError{Code: 189}, true},
		{"a write that may be repeated", driver.CommandError{Labels: []string{"RetryableWriteError"}}, true},
		{"a majority that did not answer, of a command", driver.WriteConcernError{Code: 64}, true},
		{"a majority that did not answer, of a write", driver.WriteException{WriteConcernError: &driver.WriteConcernError{Code: 64}}, true},
		{"a client that is closed", driver.ErrClientDisconnected, true},
		{"a user who may not", driver.CommandError{Code: 13}, false},
		{"a command that is not known", driver.CommandError{Code: 59}, false},
		{"a duplicate key", writeError(11000), false},
		{"nothing found", driver.ErrNoDocuments, false},
	} {
		if got := mongo.IsAway(test.err); got != test.want {
			t.Errorf("%s: away %v, want %v", test.reason, got, test.want)
		}
	}
}
