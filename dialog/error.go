package dialog

import (
	"errors"
	"fmt"
	"strings"
)

// A Code says what kind of failure an [Error] is. A door to the service maps
// each to one public code and status; whatever is no *Error is internal and
// must not be shown.
type Code int

// The kinds of failures.
const (
	// Invalid input: BAD_USER_INPUT, 400.
	Invalid Code = iota + 1
	// Unauthenticated: credentials are needed and there are none, 401.
	Unauthenticated
	// Forbidden: the rules say no, 403.
	Forbidden
	// NotFound: there is no such dialog, 404.
	NotFound
	// Conflict: another version than asked for, or an id that is taken, 409.
	Conflict
	// Unavailable: the store did not answer in time; the outcome may be
	// unknown, 503.
	Unavailable
)

// An Error is a failure that may be shown to the caller. Message is a whole
// sentence without a final stop and never quotes a driver or a file.
type Error struct {
	Code    Code
	Message string
	// Field is the one input to blame, as the schema spells it.
	Field string
	// Denial explains a Forbidden.
	Denial *Denial
	// CurrentVersion is what a dialog's version is when IfVersion was not.
	CurrentVersion int64
	// cause is for the log alone.
	cause error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// A Denial explains why the rules said no.
type Denial struct {
	// Rule is the act that failed, by the name that viewerCan… gives it.
	Rule string
	// Standing is what the caller is to the dialog; zero where the rule is
	// about no dialog.
	Standing Standing
	// Allowed lists who could, the highest first.
	Allowed []Standing
}

// IsCode tells whether err is an [Error] of this kind.
func IsCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// InvalidInput is the error for one input that is malformed.
func InvalidInput(field, message string) error { return invalid(field, message) }

// ErrNotFound is the error for a dialog that is not there.
func ErrNotFound() error {
	return &Error{Code: NotFound, Message: "there is no such dialog"}
}

// ErrUnauthenticated is the error for a caller who gave no credentials where
// some are needed.
func ErrUnauthenticated() error {
	return &Error{Code: Unauthenticated, Message: "this needs credentials: QB-Token, or Authorization with Bearer or ApiKey"}
}

// ErrIDTaken is the error for a creation whose id belongs to another dialog.
func ErrIDTaken() error {
	return &Error{Code: Conflict, Message: "the id is taken by another dialog", Field: "id"}
}

// ErrUnavailable is the error for a store that did not answer in time. The
// cause is kept for the log and never shown.
func ErrUnavailable(cause error) error {
	return &Error{
		Code:    Unavailable,
		Message: "the store did not answer in time; the outcome may be unknown, and an idempotencyKey makes it safe to repeat",
		cause:   cause,
	}
}

func invalid(field, message string) error {
	return &Error{Code: Invalid, Field: field, Message: message}
}

func invalidf(field, format string, args ...any) error {
	return invalid(field, fmt.Sprintf(format, args...))
}

func forbidden(rule string, standing Standing, allowed []Standing) error {
	names := make([]string, len(allowed))
	for i, s := range allowed {
		names[i] = s.String()
	}
	return &Error{
		Code:    Forbidden,
		Message: fmt.Sprintf("the rule %q allows %s, and the caller is %s", rule, strings.Join(names, ", "), standing),
		Denial:  &Denial{Rule: rule, Standing: standing, Allowed: allowed},
	}
}
