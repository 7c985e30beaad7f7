package api

import (
	"net/http"

	"dialogs/dialog"
)

// A Code is the public name of a kind of refusal: extensions.code in GraphQL.
type Code string

// The codes. The schema's enum ErrorCode lists and describes them.
const (
	ParseFailed            Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed       Code = "GRAPHQL_VALIDATION_FAILED"
	PersistedQueryNotFound Code = "PERSISTED_QUERY_NOT_FOUND"
	BadUserInput           Code = "BAD_USER_INPUT"
	Unauthenticated        Code = "UNAUTHENTICATED"
	Forbidden              Code = "FORBIDDEN"
	NotFound               Code = "NOT_FOUND"
	Conflict               Code = "CONFLICT"
	ResyncRequired         Code = "RESYNC_REQUIRED"
	RateLimited            Code = "RATE_LIMITED"
	Unavailable            Code = "UNAVAILABLE"
	Internal               Code = "INTERNAL"
)

// codes has the HTTP status of each code, and the code of the domain error that
// it stands for, if any.
var codes = map[Code]struct {
	status int
	domain dialog.Code
}{
	ParseFailed:            {status: http.StatusBadRequest},
	ValidationFailed:       {status: http.StatusBadRequest},
	PersistedQueryNotFound: {status: http.StatusBadRequest},
	BadUserInput:           {http.StatusBadRequest, dialog.Invalid},
	Unauthenticated:        {http.StatusUnauthorized, dialog.Unauthenticated},
	Forbidden:              {http.StatusForbidden, dialog.Forbidden},
	NotFound:               {http.StatusNotFound, dialog.NotFound},
	Conflict:               {http.StatusConflict, dialog.Conflict},
	ResyncRequired:         {http.StatusGone, dialog.ResyncRequired},
	RateLimited:            {http.StatusTooManyRequests, dialog.RateLimited},
	Unavailable:            {http.StatusServiceUnavailable, dialog.Unavailable},
	Internal:               {status: http.StatusInternalServerError},
}

// Status is the HTTP status that goes with the code.
func (c Code) Status() int { return codes[c].status }

// Codes lists all codes in no particular order.
func Codes() []Code {
	all := make([]Code, 0, len(codes))
	for code := range codes {
		all = append(all, code)
	}
	return all
}

// codeOf is the public code of a domain error.
func codeOf(c dialog.Code) Code {
	for code, row := range codes {
		if row.domain == c && c != 0 {
			return code
		}
	}
	return Internal
}

// CodeOfStatus is the public code of the domain errors with an HTTP status;
// INTERNAL for a status that none has.
func CodeOfStatus(status int) Code {
	for code, row := range codes {
		if row.status == status && row.domain != 0 {
			return code
		}
	}
	return Internal
}
