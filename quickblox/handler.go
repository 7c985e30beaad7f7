// Package quickblox is the HTTP door that QuickBlox documents for dialogs and
// sessions: its paths, parameters, bodies and statuses, so that code which was
// written for it runs here unchanged. It translates requests into calls of
// [dialog.Service] and outcomes into answers, and decides nothing.
//
// What is the same, what differs and what is not there is told in
// docs/quickblox.md. The package must not know who checks credentials, nor
// which store there is.
package quickblox

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// A Config is what the door needs from outside.
type Config struct {
	Service  *dialog.Service
	Sessions Sessions
	// Caller tells who stands behind a request's context.
	Caller func(context.Context) dialog.Caller
	// Session tells the session whose token a request came with; not ok for
	// who came without one.
	Session func(context.Context) (Session, bool)
	Log     *slog.Logger
	// Challenge is what WWW-Authenticate says to who came without credentials.
	Challenge string
	// BodyLimit is the largest request body, in bytes.
	BodyLimit int64
}

// Sessions makes session tokens and ends them.
type Sessions interface {
	// Mint returns a token that stands for the user for ttl, and when it ends.
	Mint(user dialog.UserID, ttl time.Duration) (token string, expiresAt time.Time, err error)
	// End makes the context's session token be refused from now on. One that
	// can't be ended is a [dialog.Invalid] error.
	End(ctx context.Context) error
}

// A Session is what a session token says of itself.
type Session struct {
	// ID is empty for a token that has none.
	ID string
	// CreatedAt is zero when the token does not tell.
	CreatedAt, ExpiresAt time.Time
}

// An endpoint is one method of one path.
type endpoint struct {
	// operation is what the log calls it.
	operation string
	serve     func(*request) (answer, error)
	// open lets anonymous callers in.
	open bool
}

type methods map[string]endpoint

// An answer without a body is empty.
type answer struct {
	status int
	body   any
}

// A request is one call of an endpoint.
type request struct {
	*http.Request
	caller dialog.Caller
	params params
}

type door struct{ Config }

// Patterns are the paths, in the form of [http.ServeMux], that the handler is
// to be asked for: those that are served, and those that QuickBlox documents
// besides, which it answers with a reason why not.
func Patterns() []string {
	var patterns []string
	for _, area := range slices.Concat([]string{"account_settings", "chat", "session", "users"}, notServedAreas()) {
		patterns = append(patterns, "/"+area, "/"+area+".json", "/"+area+"/")
	}
	return patterns
}

// NewHandler serves the door.
func NewHandler(c Config) http.Handler {
	d := &door{c}
	mux := http.NewServeMux()
	for path, m := range map[string]methods{
		"/chat/Dialog": {
			http.MethodGet:  {operation: "listDialogs", serve: d.list},
			http.MethodPost: {operation: "createDialog", serve: d.create},
		},
		"/chat/Dialog/{ids}": {
			http.MethodGet:    {operation: "getDialog", serve: d.show},
			http.MethodPut:    {operation: "updateDialog", serve: d.update},
			http.MethodDelete: {operation: "deleteDialogs", serve: d.remove},
		},
		"/session": {
			http.MethodGet:    {operation: "getSession", serve: d.showSession},
			http.MethodPost:   {operation: "createSession", serve: d.createSession, open: true},
			http.MethodDelete: {operation: "endSession", serve: d.endSession},
		},
		"/users/{user}/tokens": {
			http.MethodPost: {operation: "createToken", serve: d.createToken},
		},
		"/account_settings": {
			http.MethodGet: {operation: "getAccountSettings", serve: d.accountSettings, open: true},
		},
	} {
		mux.Handle(path, d.serve(m))
		if !strings.HasSuffix(path, "{ids}") { // where the suffix is part of the last segment
			mux.Handle(path+".json", d.serve(m))
		}
	}
	mux.HandleFunc("/", notServed)
	return mux
}

// serve answers one path.
func (d *door) serve(m methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		e, ok := m[method]
		if !ok {
			w.Header().Set("Allow", strings.Join(allowed(m), ", "))
			Refuse(w, r, &api.Refusal{
				Code: api.BadUserInput, Status: http.StatusMethodNotAllowed,
				Message: "this path does not support the method " + shown(r.Method),
			})
			return
		}
		if session, ok := d.Session(r.Context()); ok {
			w.Header().Set("QB-Token-ExpirationDate", session.ExpiresAt.UTC().Format("2006-01-02 15:04:05 UTC"))
		}
		api.Note(r.Context(), slog.String("operation", e.operation))
		status, body, err := d.answer(w, r, e)
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		write(w, status, body)
	})
}

// answer runs an endpoint and encodes its answer. A panic is an internal error
// like others.
func (d *door) answer(w http.ResponseWriter, r *http.Request, e endpoint) (status int, body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = api.Recovered(r.Context(), d.Log, v)
		}
	}()
	caller := d.Caller(r.Context())
	if !e.open && caller.Kind() == dialog.Anonymous {
		return 0, nil, dialog.ErrUnauthenticated() // before anything is read
	}
	r.Body = http.MaxBytesReader(w, r.Body, d.BodyLimit)
	params, err := readParams(r)
	if err != nil {
		return 0, nil, err
	}
	a, err := e.serve(&request{Request: r, caller: caller, params: params})
	if err != nil || a.body == nil {
		return a.status, nil, err
	}
	body, err = api.MarshalPlain(a.body)
	return a.status, body, err
}

func allowed(m methods) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
