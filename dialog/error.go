package dialog

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// A Code is the kind of a failure. Each API maps it to a public code and an
// HTTP status. A failure that is not an [Error] is internal and must not be
// shown to callers.
type Code int

// The kinds of failures.
const (
	// Invalid input: BAD_USER_INPUT, 400.
	Invalid Code = iota + 1
	// Unauthenticated: credentials are required and missing, 401.
	Unauthenticated
	// Forbidden by the rules, 403.
	Forbidden
	// NotFound: the dialog does not exist, 404.
	NotFound
	// Conflict: the version or id given does not fit what is stored, 409.
	Conflict
	// RateLimited: the caller has to wait, 429.
	RateLimited
	// Unavailable: the store did not answer in time; the outcome may be
	// unknown, 503.
	Unavailable
	// ResyncRequired: the changes asked for are no longer kept, 410.
	ResyncRequired
)

// An Error is a failure that may be shown to the caller.
type Error struct {
	Code Code
	// Message is one sentence without a final stop, shorter than 160
	// characters. It never quotes a driver, a file or a secret.
	Message string
	// Field is the input to blame, by its name in the schema; empty for none.
	Field string
	// Denial explains a Forbidden.
	Denial *Denial
	// CurrentVersion is the dialog's version where IfVersion was another.
	CurrentVersion int64
	// Limit is the setting that limits what was asked for, by its name; empty for none,
	// and when the message names it.
	Limit string
	// RetryAfter is how long to wait after a RateLimited.
	RetryAfter time.Duration
	// readOnly is set by [ErrReadOnly].
	readOnly bool
	// tooManyRows is set by [ErrTooManyRows].
	tooManyRows bool
	// cause is for the log only.
	cause error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// IsCode reports whether err is an [Error] of this kind.
func IsCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// InvalidInput is the error for one invalid input. field may be empty.
func InvalidInput(field, message string) error { return invalid(field, message) }

// ErrNotFound is the error for a dialog that does not exist.
func ErrNotFound() error {
	return &Error{Code: NotFound, Message: "dialog not found"}
}

// ErrUnauthenticated is the error for a caller without credentials where some
// are required.
func ErrUnauthenticated() error {
	return &Error{Code: Unauthenticated, Message: "authentication required: send QB-Token or Authorization"}
}

// ErrIDTaken is the error for a creation whose id another dialog has.
func ErrIDTaken() error {
	return &Error{Code: Conflict, Field: "id", Message: "a dialog with this id already exists"}
}

// ErrPairTaken is the error for restoring a Private dialog whose two users
// have another one.
func ErrPairTaken(id ID) error {
	return &Error{Code: Conflict, Message: fmt.Sprintf("the two users of dialog %s already have another private dialog", id)}
}

// ErrAPIKeyExists is the error for adding an API key whose name is taken.
func ErrAPIKeyExists(name string) error {
	return &Error{Code: Conflict, Field: "name", Message: fmt.Sprintf("an API key named %s already exists", Quote(name))}
}

// ErrAPIKeyNotFound is the error for removing an API key that does not exist.
func ErrAPIKeyNotFound(name string) error {
	return &Error{Code: NotFound, Field: "name", Message: fmt.Sprintf("there is no API key named %s", Quote(name))}
}

// ErrUnavailable is the error for a store that did not answer in time. The
// cause is for the log and is never shown.
func ErrUnavailable(cause error) error {
	return &Error{
		Code:    Unavailable,
		Message: "the store did not answer in time; a change may have been made: with an idempotencyKey, it is safe to retry",
		cause:   cause,
	}
}

// ErrReadOnly is the error for a change while the server takes none, for maintenance.
func ErrReadOnly() error {
	return &Error{
		Code: Unavailable, RetryAfter: readOnlyPause, readOnly: true,
		Message: "the server is read-only for maintenance: nothing was changed; try again later",
	}
}

// IsReadOnly reports whether err is [ErrReadOnly].
func IsReadOnly(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.readOnly
}

// readOnlyPause is when to try a change again on a server that is read-only.
const readOnlyPause = 30 * time.Second

func errKeyReused() error {
	return invalid("idempotencyKey", "this idempotencyKey was already used with a different input")
}

func errVersion(current int64) error {
	return &Error{
		Code: Conflict, Field: "ifVersion", CurrentVersion: current,
		Message: fmt.Sprintf("the dialog has changed: its version is now %d", current),
	}
}

func errTooMany(setting, field, what string, n, limit int) error {
	return limitedBy(setting, invalidf(field, "too many %s: %d (limit %d)", what, n, limit))
}

func errTooLong(setting, field, what string, n int, unit string, limit int) error {
	return limitedBy(setting, invalidf(field, "%s is too long: %d %s (limit %d)", what, n, unit, limit))
}

func invalid(field, message string) error {
	return &Error{Code: Invalid, Field: field, Message: message}
}

func invalidf(field, format string, args ...any) error {
	return invalid(field, fmt.Sprintf(format, args...))
}

// limitedBy adds to an error which setting is the limit.
func limitedBy(setting string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Limit = setting
	}
	return err
}

// quotedLength is how much of an offending value a message shows, in
// characters.
const quotedLength = 60

// Quote shows an offending value in a message: in quotes, with escapes for
// what can't be printed, and cut to 60 characters.
func Quote(s string) string {
	quoted := strconv.Quote(s)
	if utf8.RuneCountInString(quoted) <= quotedLength {
		return quoted
	}
	return string([]rune(quoted)[:quotedLength-2]) + `…"`
}

// WithoutURL is an error of a request to another server, without its URL, which can contain
// a secret.
func WithoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Counted is a number with the noun that it needs: 1 dialog, 2 dialogs.
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
