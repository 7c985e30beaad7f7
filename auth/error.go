package auth

import "net/http"

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

func apiKeyExpired() error {
	return &Error{
		Status: http.StatusUnauthorized, Message: "the API key has expired: create another one", Challenge: `ApiKey realm="dialogs"`,
	}
}

// userSuspended refuses every credential of a user.
func userSuspended() error {
	return &Error{Status: http.StatusUnauthorized, Message: "this user is suspended", Challenge: Challenge}
}

func unavailable(message string, cause error) error {
	return &Error{Status: http.StatusServiceUnavailable, Message: message, cause: cause}
}
