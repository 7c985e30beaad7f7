package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// Codes of the server that this package acts on.
const (
	codeWriteConflict        = 112
	codeIndexNotFound        = 27
	codeIndexOptionsConflict = 85
	codeIndexKeySpecs        = 86
)

// away are the codes by which a server, or a set without a primary, says that
// it can't answer now: the outcome may be unknown, and another try may do.
var away = [...]int{
	6,     // HostUnreachable
	7,     // HostNotFound
	50,    // MaxTimeMSExpired
	64,    // WriteConcernTimeout
	89,    // NetworkTimeout
	91,    // ShutdownInProgress
	100,   // UnsatisfiableWriteConcern
	133,   // FailedToSatisfyReadPreference
	134,   // ReadConcernMajorityNotAvailableYet
	189,   // PrimarySteppedDown
	262,   // ExceededTimeLimit
	9001,  // SocketException
	10107, // NotWritablePrimary
	11600, // InterruptedAtShutdown
	11601, // Interrupted
	11602, // InterruptedDueToReplStateChange
	13435, // NotPrimaryNoSecondaryOk
	13436, // NotPrimaryOrSecondary
}

// fail turns an error of the driver into one of the port: Unavailable when the
// server could not answer in time, else internal. Nothing of the driver's text
// is in what a caller is shown, and no credential in what the log is.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	var own *dialog.Error
	if errors.As(err, &own) {
		return err
	}
	said := fmt.Errorf("%s: %w", doing, s.errors.clean(err))
	if ctx.Err() != nil || isAway(err) {
		return dialog.ErrUnavailable(said)
	}
	return said
}

func isAway(err error) bool {
	if driver.IsTimeout(err) || driver.IsNetworkError(err) || errors.Is(err, driver.ErrClientDisconnected) {
		return true
	}
	if unacknowledged := (driver.WriteConcernError{}); errors.As(err, &unacknowledged) {
		return true
	}
	if write := (driver.WriteException{}); errors.As(err, &write) && write.WriteConcernError != nil {
		return true
	}
	if labeled := driver.LabeledError(nil); errors.As(err, &labeled) && labeled.HasErrorLabel("RetryableWriteError") {
		return true
	}
	for _, code := range away {
		if hasCode(err, code) {
			return true
		}
	}
	return false
}

func hasCode(err error, code int) bool {
	var server driver.ServerError
	return errors.As(err, &server) && server.HasErrorCode(code)
}

// isContention tells that another write got in between, and that it is worth
// trying again.
func isContention(err error) bool { return hasCode(err, codeWriteConflict) }

// A scrubber takes credentials out of errors.
type scrubber struct{ secrets []string }

// newScrubber learns the password of a URI, as it is written there and as it is
// meant.
func newScrubber(uri string) scrubber {
	_, rest, _ := strings.Cut(uri, "://")
	authority, _, _ := strings.Cut(rest, "?")
	at := strings.LastIndex(authority, "@")
	if at < 0 {
		return scrubber{}
	}
	_, password, _ := strings.Cut(authority[:at], ":")
	var s scrubber
	for _, secret := range []string{authority[:at], password} {
		if secret == "" {
			continue
		}
		s.secrets = append(s.secrets, secret, "xxxxx")
		if plain, err := url.PathUnescape(secret); err == nil && plain != secret {
			s.secrets = append(s.secrets, plain, "xxxxx")
		}
	}
	return s
}

// clean returns the error without credentials: itself when it has none in it,
// else what is left of its text.
func (s scrubber) clean(err error) error {
	if err == nil || len(s.secrets) == 0 {
		return err
	}
	text := err.Error()
	if clean := strings.NewReplacer(s.secrets...).Replace(text); clean != text {
		return errors.New(clean)
	}
	return err
}
