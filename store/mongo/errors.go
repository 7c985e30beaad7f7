package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	core "go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	topologyerrors "go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"dialogs/dialog"
)

// Error codes of the server that this package handles.
const (
	codeWriteConflict        = 112
	codeIndexNotFound        = 27
	codeIndexOptionsConflict = 85
	codeIndexKeySpecs        = 86
)

// away are the error codes of a server that can't answer at the moment, or of a replica
// set without a primary. The command may have been executed or not, and a retry may work.
var away = [...]int{
	6,     // HostUnreachable
	7,     // HostNotFound
	24,    // LockTimeout
	43,    // CursorNotFound
	46,    // LockBusy
	50,    // MaxTimeMSExpired
	64,    // WriteConcernTimeout
	89,    // NetworkTimeout
	91,    // ShutdownInProgress
	100,   // UnsatisfiableWriteConcern
	133,   // FailedToSatisfyReadPreference
	134,   // ReadConcernMajorityNotAvailableYet
	175,   // QueryPlanKilled
	189,   // PrimarySteppedDown
	202,   // NetworkInterfaceExceededTimeLimit
	237,   // CursorKilled
	262,   // ExceededTimeLimit
	9001,  // SocketException
	10058, // NotPrimary, of older servers
	10107, // NotWritablePrimary
	11600, // InterruptedAtShutdown
	11601, // Interrupted
	11602, // InterruptedDueToReplStateChange
	13435, // NotPrimaryNoSecondaryOk
	13436, // NotPrimaryOrSecondary
	14031, // OutOfDiskSpace
	16500, // TooManyRequests, of Azure
}

// fail converts an error of the driver: to Unavailable if the server could not be reached
// or did not answer in time, otherwise to an internal error. Callers never see the
// driver's text, and the log never contains a credential.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	var own *dialog.Error
	if errors.As(err, &own) {
		return err
	}
	said := fmt.Errorf("%s: %w", doing, s.errors.clean(err))
	// Gateways have error codes of their own for an unavailable database. If nothing else
	// can be read either, the database is unavailable, and the request is not at fault.
	if ctx.Err() != nil || isAway(err) || s.readAny(ctx) != nil {
		return dialog.ErrUnavailable(said)
	}
	return said
}

func isAway(err error) bool {
	if driver.IsTimeout(err) || driver.IsNetworkError(err) || errors.Is(err, driver.ErrClientDisconnected) || isUnconnected(err) {
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

// isUnconnected reports whether there was no connection for the request: no server was
// found, or the handshake failed, which includes the authentication. The caller is not at
// fault for a request that was never sent.
func isUnconnected(err error) bool {
	var connection topologyerrors.ConnectionError
	var selection topologyerrors.ServerSelectionError
	var pool core.RetryablePoolError // it was cleared after another request's failure
	return errors.As(err, &connection) || errors.As(err, &selection) || errors.As(err, &pool)
}

func hasCode(err error, code int) bool {
	var server driver.ServerError
	return errors.As(err, &server) && server.HasErrorCode(code)
}

// isContention reports whether another write has interfered, so that a retry may work.
func isContention(err error) bool { return hasCode(err, codeWriteConflict) }

// A scrubber removes credentials from errors.
type scrubber struct{ secrets []string }

// newScrubber finds the password in a URI, both as it is written there and unescaped.
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

// clean returns the error without credentials: unchanged if it has none, otherwise only
// its cleaned text.
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
