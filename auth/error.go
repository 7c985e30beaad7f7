package auth

import (
	"errors"
	"net/http"

	"dialogs/dialog"
)

// Challenge is the WWW-Authenticate for a caller without a credential where one is
// required.
const Challenge = `Bearer realm="dialogs", ApiKey realm="dialogs"`

// An Error says why credentials were rejected. It may be shown to the caller.
type Error struct {
	// Status is the HTTP status: 400 for malformed or contradictory
	// credentials, 401 for an invalid one, 503 when that can't be checked at
	// the moment.
	Status int
	// Message is one sentence without a final stop, shorter than 160
	// characters. It never quotes a credential.
	Message string
	// Challenge is the value of WWW-Authenticate; only a 401 has one.
	Challenge string
	// Caller is whose credentials these are, for the log. It is zero unless they are genuine,
	// but have expired or were ended, or the user is suspended, or that cannot be checked.
	Caller dialog.Caller
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

func malformed(message string) error {
	return &Error{Status: http.StatusBadRequest, Message: message}
}

func tokenRefused(message string) error {
	return &Error{
		Status: http.StatusUnauthorized, Message: message,
		Challenge: `Bearer realm="dialogs", error="invalid_token"`,
	}
}

func apiKeyRefused() error {
	return &Error{
		Status: http.StatusUnauthorized, Message: "invalid API key: unknown or revoked",
		Challenge: `ApiKey realm="dialogs"`,
	}
}

func apiKeyExpired(name string) error {
	return &Error{
		Status: http.StatusUnauthorized, Message: "the API key has expired: create another one", Challenge: `ApiKey realm="dialogs"`,
		Caller: dialog.Caller{APIKey: name},
	}
}

// userSuspended refuses every credential of a user.
func userSuspended() error {
	return &Error{Status: http.StatusUnauthorized, Message: "this user is suspended", Challenge: Challenge}
}

// ofCaller adds whose credentials were rejected to an error.
func ofCaller(c dialog.Caller, err error) error {
	var refused *Error
	if !errors.As(err, &refused) {
		return err
	}
	known := *refused
	known.Caller = c
	return &known
}

func unavailable(message string, cause error) error {
	return &Error{Status: http.StatusServiceUnavailable, Message: message, cause: cause}
}
