package auth

import "net/http"

// Challenge is what WWW-Authenticate says to a caller who gave no credential
// where one is needed.
const Challenge = `Bearer realm="dialogs", ApiKey realm="dialogs"`

// An Error is why credentials were refused. It may be shown to the caller.
type Error struct {
	// Status is the HTTP status: 400 for credentials that are malformed or
	// contradict one another, 401 for one that does not hold, 503 when that
	// can't be found out right now.
	Status int
	// Message is a whole sentence without a final stop. It never quotes a
	// credential.
	Message string
	// Challenge is the value of WWW-Authenticate; only a 401 has one.
	Challenge string
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
		Status: http.StatusUnauthorized, Message: "the API key is unknown or revoked",
		Challenge: `ApiKey realm="dialogs"`,
	}
}

func unavailable(message string, cause error) error {
	return &Error{Status: http.StatusServiceUnavailable, Message: message, cause: cause}
}
