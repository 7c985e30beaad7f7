package quickblox

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"dialogs/api"
	"dialogs/dialog"
)

// parameters are the parameters for inputs of the domain; one that is not here
// has the same name.
var parameters = map[string]string{
	"input":           "", // the whole request
	"filter":          "",
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

// invalid is the error for a parameter, as the request spells it.
func invalid(parameter, message string) error {
	return &api.Refusal{Code: api.BadUserInput, Field: parameter, Message: message}
}

const (
	storeAway         = "the store did not answer in time: try again"
	storeAwayInChange = "the store did not answer in time; the change may have been made: read the dialog before you try again"
)

// refusalOf is the error that a caller sees, with the parameter as they sent
// it.
func (d *handler) refusalOf(r *request, err error) *api.Refusal {
	refusal := api.RefusalOf(r.Context(), d.Log, err)
	var known *dialog.Error
	if errors.As(err, &known) {
		refusal.Field = r.params.spelled(known.Field)
		switch {
		case known.Code == dialog.Unauthenticated:
			refusal.Challenge = d.Challenge
		case known.Code == dialog.Unavailable && !dialog.IsReadOnly(known): // without an idempotency key, which this API doesn't have
			refusal.Message = storeAway
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				refusal.Message = storeAwayInChange
			}
		}
	}
	return refusal
}

// spelled is an input of the domain as the request spelled it.
func (f *fate) spelled(input string) string {
	if name, ok := f.sent[input]; ok {
		return name
	}
	if name, ok := parameters[input]; ok {
		return name
	}
	return input
}

// Refuse answers a request that was not executed, in the shape of QuickBlox's
// errors. It is an [api.Refuser].
func Refuse(w http.ResponseWriter, r *http.Request, refusal *api.Refusal) {
	api.Note(r.Context(), slog.Any("code", refusal.Code))
	api.NoteLimit(r.Context(), refusal.Limit())
	if refusal.Code == api.Unauthenticated {
		api.NoteReason(r.Context(), refusal.Message)
	}
	refusal.SetHeader(w.Header())
	status, message := refusal.HTTPStatus(), refusal.Message
	if status == http.StatusUnauthorized {
		w.Header().Set("Status", "401 Unauthorized") // where older client libraries look
	}
	switch {
	case refusal.Code == api.Conflict: // for which QuickBlox documents another status
		status = http.StatusUnprocessableEntity
	case refusal.Code == api.Internal:
		message += ": " + refusal.RequestID
	case status == http.StatusUnauthorized && tokenOf(r) != "":
		// The client libraries look for this text to create a new session.
		message = "Required session does not exist: " + message
	}
	if refusal.Field != "" {
		message = api.Shorten(refusal.Field, longestField) + ": " + message
	}
	body, err := api.MarshalPlain(map[string][]string{"errors": {api.Shorten(message, api.LongestMessage)}})
	if err != nil {
		panic("quickblox: encoding a string: " + err.Error())
	}
	write(w, status, body)
}

// longestField is how many characters of a parameter's name a message shows.
const longestField = 60

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

// write sends an answer of JSON, or an empty one.
func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Cache-Control", "no-store")
	if body != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone
}
