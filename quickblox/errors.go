package quickblox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"dialogs/dialog"
)

// statuses are those that QuickBlox documents for each kind of failure.
var statuses = map[dialog.Code]int{
	dialog.Invalid:         http.StatusBadRequest,
	dialog.Unauthenticated: http.StatusUnauthorized,
	dialog.Forbidden:       http.StatusForbidden,
	dialog.NotFound:        http.StatusNotFound,
	dialog.Conflict:        http.StatusUnprocessableEntity,
	dialog.Unavailable:     http.StatusServiceUnavailable,
}

// parameters are the names that this door has for the inputs that the domain
// blames; what is not here has the same name.
var parameters = map[string]string{
	"id":              "_id",
	"addOccupants":    "push_all[occupants_ids]",
	"removeOccupants": "pull_all[occupants_ids]",
	"addAdmins":       "push_all[admin_ids]",
	"removeAdmins":    "pull_all[admin_ids]",
	"newOwnerId":      "user_id",
	"customData":      "data",

	"occupantIds": "occupants_ids",
	"adminIds":    "admin_ids",
	"ownerId":     "user_id",
	"userId":      "user_id",

	"first":               "limit",
	"filter.ids":          "_id",
	"filter.types":        "type",
	"filter.ownerId":      "user_id",
	"filter.occupantIds":  "occupants_ids",
	"filter.nameContains": "name[ctn]",
	"filter.names":        "name",
	"filter.exceptIds":    "_id[ne]",
	"filter.exceptNames":  "name[ne]",
	"filter.customData":   "data",
}

// A statusError is a request that fails for a reason which the domain does
// not know.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

// invalid blames a parameter, as the request spells it.
func invalid(parameter, message string) error {
	return &statusError{http.StatusBadRequest, parameter + ": " + message}
}

// refuse answers with what went wrong, as far as it may be told.
func (d *door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var known *dialog.Error
	var own *statusError
	switch {
	case errors.As(err, &own):
		Refuse(w, r, own.status, own.message)
	case errors.As(err, &known):
		switch known.Code {
		case dialog.Unavailable:
			if !errors.Is(known, context.Canceled) { // which is the client who has gone
				d.Log.WarnContext(r.Context(), "the store is unavailable", "error", known)
			}
		case dialog.Unauthenticated:
			w.Header().Set("WWW-Authenticate", d.Challenge)
		}
		Refuse(w, r, statuses[known.Code], explain(known))
	default:
		id := rand.Text()
		d.Log.ErrorContext(r.Context(), "internal error", "id", id, "path", r.URL.Path, "error", err)
		Refuse(w, r, http.StatusInternalServerError, "internal error; the server's log has it under the id "+id)
	}
}

// explain names the parameter to blame, as this door spells it.
func explain(e *dialog.Error) string {
	field := e.Field
	if spelt, ok := parameters[field]; ok {
		field = spelt
	}
	if field == "" || field == "input" {
		return e.Message
	}
	return field + ": " + e.Message
}

// Refuse answers a request that was not executed, in the shape of the door's
// errors. Whatever keeps requests from the door answers by it as well.
func Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if status == http.StatusUnauthorized && hasToken(r) {
		// By these words the client libraries know that a session has to be
		// made anew.
		message = "Required session does not exist: " + message
	}
	writeJSON(w, status, map[string][]string{"errors": {message}})
}

func hasToken(r *http.Request) bool { return tokenOf(r) != "" }

// tokenOf is the session token that came with the request, empty for none.
func tokenOf(r *http.Request) string {
	if token := r.Header.Get("QB-Token"); token != "" {
		return token
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimLeft(token, " ")
	}
	return ""
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // the client may have gone
}
