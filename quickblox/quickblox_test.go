package quickblox_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/quickblox"
	"dialogs/store/memory"
)

// start is when the clock of a fixture starts; it then moves a second with each
// look at it.
var start = time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)

// A fixture is the handler before a store in memory. Credentials are another
// package's: here the headers User and Key say who calls, and every user has a
// session.
type fixture struct {
	testing.TB
	handler  http.Handler
	service  *dialog.Service
	sessions *fakeSessions
	log      *dialogtest.Log
	request  *api.Request // the latest
}

// requestID is the id of every request.
const requestID = "the-request-id"

// notes are what the latest request put into its log line.
func (d *fixture) notes() map[string]string {
	all := map[string]string{}
	for _, note := range d.request.Notes() {
		all[note.Key] = note.Value.String()
	}
	return all
}

type callerKey struct{}

func open(t testing.TB) *fixture { return openStore(t, memory.NewStore(dialogtest.Class())) }

func openStore(t testing.TB, store dialog.Store) *fixture {
	t.Helper()
	d := &fixture{TB: t, log: &dialogtest.Log{}, sessions: &fakeSessions{}}
	d.service = dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), dialogtest.Ticking(start), dialogtest.Counting())
	handler := quickblox.NewHandler(quickblox.Config{
		Service: d.service, Sessions: d.sessions, Caller: callerOf,
		PublicURL: &url.URL{Scheme: "http", Host: "example.com"},
		Now:       func() time.Time { return start },
		Session: func(ctx context.Context) (quickblox.Session, bool) {
			c := callerOf(ctx)
			return quickblox.Session{ID: "session of " + string(c.User), CreatedAt: start, ExpiresAt: start.Add(time.Hour)},
				c.User != "" && c.APIKey == ""
		},
		Log:       slog.New(slog.NewTextHandler(d.log, nil)),
		Challenge: "Test", Requests: budget.NewRequests(budget.DefaultLimits()),
		Answers: budget.NewAnswers(budget.DefaultLimits()),
	})
	d.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := dialog.Caller{User: dialog.UserID(r.Header.Get("User")), APIKey: r.Header.Get("Key")}
		ctx := context.WithValue(r.Context(), callerKey{}, c)
		d.request = &api.Request{ID: requestID}
		handler.ServeHTTP(w, r.WithContext(api.WithRequest(ctx, d.request)))
	})
	return d
}

func callerOf(ctx context.Context) dialog.Caller {
	c, _ := ctx.Value(callerKey{}).(dialog.Caller)
	return c
}

type fakeSessions struct{ ended []dialog.UserID }

func (*fakeSessions) Mint(user dialog.UserID, ttl time.Duration) (string, time.Time, error) {
	if _, err := dialog.ParseUserID("userId", string(user)); err != nil {
		return "", time.Time{}, err
	}
	return "token of " + string(user), start.Add(ttl), nil
}

func (s *fakeSessions) End(ctx context.Context) error {
	s.ended = append(s.ended, callerOf(ctx).User)
	return nil
}

func user(id dialog.UserID) dialog.Caller     { return dialog.Caller{User: id} }
func onBehalf(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id, APIKey: "backend"} }
func server() dialog.Caller                   { return dialog.Caller{APIKey: "backend"} }

// The types of bodies.
const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// An answer is what the API answered.
type answer struct {
	testing.TB
	Status int
	Header http.Header
	Body   string
}

// send sends one request; contentType is empty for none.
func (d *fixture) send(c dialog.Caller, method, path, contentType, body string) answer {
	d.Helper()
	r, err := request(d.Context(), method, path, contentType, body)
	if err != nil {
		d.Fatal(err)
	}
	return d.do(c, r)
}

func request(ctx context.Context, method, path, contentType, body string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://example.com"+path, strings.NewReader(body))
	if err == nil && contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, err
}

func (d *fixture) do(c dialog.Caller, r *http.Request) answer {
	d.Helper()
	if c.User != "" {
		r.Header.Set("User", string(c.User))
	}
	if c.APIKey != "" {
		r.Header.Set("Key", c.APIKey)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	dialogtest.CheckErrors(d, w.Body.Bytes())
	return answer{TB: d.TB, Status: w.Code, Header: w.Header(), Body: w.Body.String()}
}

func (d *fixture) get(c dialog.Caller, path string) answer {
	d.Helper()
	return d.send(c, http.MethodGet, path, "", "")
}

func (d *fixture) put(c dialog.Caller, id, body string) answer {
	d.Helper()
	return d.send(c, http.MethodPut, "/chat/Dialog/"+id+".json", asJSON, body)
}

// want checks the status and, when it is not empty, the JSON of the body.
func (a answer) want(status int, body string) {
	a.Helper()
	if a.Status != status {
		a.Errorf("got status %d, want %d: %s", a.Status, status, a.Body)
	}
	if body == "" {
		return
	}
	if diff := cmp.Diff(decoded(a, body), decoded(a, a.Body)); diff != "" {
		a.Errorf("another answer (-want +got):\n%s", diff)
	}
}

// refused checks that the answer is an error of this status that has the text.
func (a answer) refused(status int, text string) {
	a.Helper()
	var body struct{ Errors []string }
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || len(body.Errors) != 1 {
		a.Fatalf("want one error, got status %d: %s", a.Status, a.Body)
	}
	if a.Status != status || !strings.Contains(body.Errors[0], text) {
		a.Errorf("got status %d, want %d with %q: %s", a.Status, status, text, a.Body)
	}
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// field is one field of an answer that is an object.
func (a answer) field(name string) any {
	a.Helper()
	object, ok := decoded(a, a.Body).(map[string]any)
	if !ok {
		a.Fatalf("no object: %s", a.Body)
	}
	return object[name]
}

// group makes a group of these people and returns its id.
func (d *fixture) group(owner dialog.UserID, others ...dialog.UserID) string {
	d.Helper()
	out, err := d.service.Create(d.Context(), user(owner), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: others,
	})
	if err != nil {
		d.Fatal(err)
	}
	return string(out.Dialog.ID)
}

// public makes a public group and returns its id.
func (d *fixture) public(owner dialog.UserID, name string) string {
	d.Helper()
	out, err := d.service.Create(d.Context(), user(owner), dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some(name)})
	if err != nil {
		d.Fatal(err)
	}
	return string(out.Dialog.ID)
}
