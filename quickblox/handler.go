// Package quickblox is the HTTP API that QuickBlox documents for dialogs and
// sessions: its paths, parameters, bodies and statuses, so that code written
// for QuickBlox runs here unchanged. It translates requests into calls of
// [dialog.Service] and results into answers, and decides nothing. It is as
// lenient as QuickBlox: parameters without effect are ignored, and the header
// QB-Ignored names them.
//
// docs/quickblox.md describes what is the same, what differs and what is not
// available. The package must not know how credentials are checked, nor which
// store is in use.
package quickblox

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

// A Config is everything that the API needs from outside.
type Config struct {
	Service  *dialog.Service
	Sessions Sessions
	// Caller returns the caller of a request by its context.
	Caller func(context.Context) dialog.Caller
	// Session returns the session of the token that was sent; not ok without
	// one.
	Session func(context.Context) (Session, bool)
	Log     *slog.Logger
	// PublicURL is how clients reach the server, without a path; nil for the
	// address that each connection has reached.
	PublicURL *url.URL
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// Challenge is the value of WWW-Authenticate for requests without
	// credentials.
	Challenge string
	// Requests bounds the memory of requests, together with other APIs.
	Requests *budget.Requests
	// Answers bounds the memory of answers, together with other APIs.
	Answers *budget.Answers
}

// Sessions creates session tokens and ends them.
type Sessions interface {
	// Mint returns a token that signs the user in for as long as ttl says, and
	// when it expires.
	Mint(user dialog.UserID, ttl time.Duration) (token string, expiresAt time.Time, err error)
	// End ends the session of the context's token: it is refused from now on.
	// A token that can't be ended is a [dialog.Invalid] error.
	End(ctx context.Context) error
}

// A Session is the content of a session token.
type Session struct {
	// ID is empty for a token that has none.
	ID string
	// CreatedAt is zero when the token does not tell it.
	CreatedAt, ExpiresAt time.Time
}

// An endpoint is one method of one path.
type endpoint struct {
	// operation is its name in the log.
	operation string
	serve     func(*request) (answer, error)
	// open allows anonymous callers.
	open bool
	// page says that it answers with a page of dialogs.
	page bool
	// admin says that API keys need the scope admin.
	admin bool
}

// scope is what an API key needs.
func (e *endpoint) scope(method string) dialog.KeyScope {
	switch {
	case e.admin:
		return dialog.KeyAdmin
	case method == http.MethodGet || method == http.MethodHead:
		return dialog.KeyRead
	}
	return dialog.KeyWrite
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
	// host is the server's name, in the addresses of chat rooms.
	host string
	// answer is the account of the answer's memory.
	answer *budget.Answer
}

type handler struct {
	Config
	totals *totals
}

// Patterns are the paths that the handler answers, in the form of
// [http.ServeMux]: those with endpoints, and those that QuickBlox documents but
// this server does not have, which are refused with a reason.
func Patterns() []string {
	var patterns []string
	for _, area := range slices.Concat([]string{"account_settings", "chat", "session", "users"}, notServedAreas()) {
		patterns = append(patterns, "/"+area, "/"+area+".json", "/"+area+"/")
	}
	return patterns
}

// NewHandler serves the API.
func NewHandler(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	d := &handler{Config: c, totals: newTotals()}
	mux := http.NewServeMux()
	for path, m := range map[string]methods{
		"/chat/Dialog": {
			http.MethodGet:  {operation: "listDialogs", serve: d.list, page: true},
			http.MethodPost: {operation: "createDialog", serve: d.create},
		},
		"/chat/Dialog/{ids}": {
			http.MethodGet:    {operation: "getDialog", serve: d.show},
			http.MethodPut:    {operation: "updateDialog", serve: d.update},
			http.MethodDelete: {operation: "deleteDialogs", serve: d.remove},
		},
		"/session": {
			http.MethodGet:    {operation: "getSession", serve: d.showSession},
			http.MethodPost:   {operation: "createSession", serve: d.createSession, open: true, admin: true},
			http.MethodDelete: {operation: "endSession", serve: d.endSession},
		},
		"/users/{user}/tokens": {
			http.MethodPost: {operation: "createToken", serve: d.createToken, admin: true},
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
func (d *handler) serve(m methods) http.Handler {
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
		d.answer(w, r, e)
	})
}

// answer answers a request to an endpoint.
func (d *handler) answer(w http.ResponseWriter, r *http.Request, e endpoint) {
	req := &request{Request: r, caller: d.Caller(r.Context()), params: newParams(map[string]any{}), host: d.address(r).Hostname()}
	req.params.longest = d.Requests.Values()
	req.answer = d.Answers.Begin(req.caller)
	defer req.answer.Close()
	status, body, err := d.run(w, req, e)
	if err != nil {
		Refuse(w, r, d.refusalOf(req, err))
		return
	}
	if ignored := req.params.header(); ignored != "" {
		w.Header().Set("QB-Ignored", ignored)
	}
	write(w, status, body)
}

// run runs an endpoint and encodes its answer. A panic is an internal error
// like others.
func (d *handler) run(w http.ResponseWriter, r *request, e endpoint) (status int, body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = api.Recovered(r.Context(), d.Log, v)
		}
	}()
	if !e.open && r.caller.Kind() == dialog.Anonymous {
		return 0, nil, dialog.ErrUnauthenticated() // before anything is read
	}
	if err := dialog.JudgeScope(r.caller, e.scope(r.Method)); err != nil {
		return 0, nil, err
	}
	if err := r.params.readQuery(r.Request, d.Requests); err != nil {
		return 0, nil, err
	}
	if r.caller.Kind() != dialog.Anonymous { // whose body has no meaning anywhere
		content, err := d.Requests.Read(w, r.Request, r.caller)
		if err != nil {
			return 0, nil, err
		}
		defer content.Close()
		if err := r.params.readBody(r.Request, d.Requests, content); err != nil {
			return 0, nil, err
		}
	}
	if err := charge(r, e); err != nil {
		return 0, nil, err
	}
	a, err := e.serve(r)
	r.params.ignoreRest()
	if err != nil || a.body == nil {
		return a.status, nil, err
	}
	if err := r.chargeViews(a.body); err != nil {
		return 0, nil, err
	}
	body, err = api.MarshalPlain(a.body)
	r.answer.Made(len(body))
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
