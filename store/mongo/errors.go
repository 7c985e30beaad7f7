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

// away are the error codes of a server that can't answer now, or of a replica
// set without a primary. The outcome may be unknown, and a retry may work.
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

// fail converts an error of the driver: into Unavailable when the server could
// not be reached or could not answer in time, or else into an internal one.
// Callers never see the driver's text, and the log never sees a credential.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	var own *dialog.Error
	if errors.As(err, &own) {
		return err
	}
	said := fmt.Errorf("%s: %w", doing, s.errors.clean(err))
	// Gateways have their own codes for an unavailable database. If nothing
	// else can be read either, the request is not at fault.
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

// isUnconnected reports whether there was no connection to send the request on:
// no server was found, or the handshake failed, which includes its
// authentication. A request that was never sent is not a fault of the caller.
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

// isContention reports whether another write interfered, so that a retry may
// work.
func isContention(err error) bool { return hasCode(err, codeWriteConflict) }

// A scrubber removes credentials from errors.
type scrubber struct{ secrets []string }

// newScrubber takes the password of a URI, as it is written and unescaped.
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

// clean returns the error without credentials: unchanged if it has none, or else
// only its text.
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
