package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/graph"
	"dialogs/store/memory"
	"dialogs/webhook"
)

// A fixture is the GraphQL handler with a store in memory. Another package checks
// credentials; here, the headers User and Key say who is calling.
type fixture struct {
	testing.TB
	handler http.Handler
	service *dialog.Service
	log     *dialogtest.Log
	request atomic.Pointer[api.Request] // the latest
}

// requestID is the id of every request.
const requestID = "the-request-id"

// notes returns what the latest request has added to its log line.
func (d *fixture) notes() map[string]string {
	all := map[string]string{}
	for _, note := range d.request.Load().Notes() {
		all[note.Key] = note.Value.String()
	}
	return all
}

type callerKey struct{}

// start is when the clock of a fixture starts. Each time it is read, it advances by a
// second.
var start = time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)

func open(t testing.TB, store dialog.Store) *fixture {
	t.Helper()
	return openWith(t, store, func(*graph.Config) {})
}

func openWith(t testing.TB, store dialog.Store, change func(*graph.Config)) *fixture {
	t.Helper()
	if store == nil {
		store = memory.NewStore(dialogtest.Class())
	}
	d := &fixture{TB: t, log: &dialogtest.Log{}}
	d.service = dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), dialogtest.Ticking(start), dialogtest.Counting())
	sealer, err := webhook.NewSealer([][]byte{[]byte("secret")}, dialogtest.Counting())
	if err != nil {
		t.Fatal(err)
	}
	config := graph.Config{
		Service:  d.service,
		Sessions: fakeSessions{},
		Users:    fakeUsers{},
		Webhooks: &webhook.Admin{Store: store, Sealer: sealer, Now: dialogtest.Ticking(start)},
		Caller: func(ctx context.Context) dialog.Caller {
			c, _ := ctx.Value(callerKey{}).(dialog.Caller)
			return c
		},
		Log:           slog.New(slog.NewTextHandler(d.log, nil)),
		Introspection: true,
		Limits:        graph.DefaultLimits(), Requests: budget.NewRequests(budget.DefaultLimits()),
		Answers:   budget.NewAnswers(budget.DefaultLimits()),
		Documents: 1 << 20,
	}
	change(&config)
	handler := graph.NewHandler(config)
	d.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := dialog.Caller{User: dialog.UserID(r.Header.Get("User")), APIKey: r.Header.Get("Key")}
		ctx := context.WithValue(r.Context(), callerKey{}, c)
		request := &api.Request{ID: requestID}
		d.request.Store(request)
		handler.ServeHTTP(w, r.WithContext(api.WithRequest(ctx, request)))
	})
	return d
}

type fakeSessions struct{}

func (fakeSessions) Mint(user dialog.UserID, ttl time.Duration) (string, time.Time, error) {
	if ttl <= 0 {
		return "", time.Time{}, dialog.InvalidInput("ttl", "a session lives at least 1 second")
	}
	return "token of " + string(user), start.Add(ttl), nil
}

func user(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id} }
func server() dialog.Caller               { return dialog.Caller{APIKey: "backend"} }

// An answer is a GraphQL response.
type answer struct {
	Status  int
	Header  http.Header
	Body    string
	Data    map[string]any
	HasData bool
	Errors  []struct {
		Message    string
		Path       []any
		Locations  []any
		Extensions map[string]any
	}
}

// code returns the code and field of the errors, which must be the same for all of them;
// "" if there are none.
func (a answer) code(t testing.TB) (code, field string) {
	t.Helper()
	for i, e := range a.Errors {
		nextCode, _ := e.Extensions["code"].(string)
		nextField, _ := e.Extensions["field"].(string)
		if i > 0 && (nextCode != code || nextField != field) {
			t.Fatalf("got errors of several kinds, want one: %s", a.Body)
		}
		code, field = nextCode, nextField
	}
	return code, field
}

// send sends one request.
func (d *fixture) send(c dialog.Caller, r *http.Request) answer {
	d.Helper()
	if c.User != "" {
		r.Header.Set("User", string(c.User))
	}
	if c.APIKey != "" {
		r.Header.Set("Key", c.APIKey)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	a := answer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		d.Fatalf("the answer is not JSON: %v: %s", err, w.Body)
	}
	dialogtest.CheckErrors(d, w.Body.Bytes())
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(w.Body.Bytes(), &entries); err != nil {
		d.Fatal(err)
	}
	_, a.HasData = entries["data"]
	return a
}

// post sends a raw body.
func (d *fixture) post(c dialog.Caller, body string) answer {
	d.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return d.send(c, r)
}

// do sends a document with variables, which are given as names and values in turn.
func (d *fixture) do(c dialog.Caller, query string, variables ...any) answer {
	d.Helper()
	vars := map[string]any{}
	for i := 0; i+1 < len(variables); i += 2 {
		vars[fmt.Sprint(variables[i])] = variables[i+1]
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		d.Fatal(err)
	}
	return d.post(c, string(body))
}

// group makes a group with these members and returns its id.
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

// fakeUsers accepts every user.
type fakeUsers struct{}

func (fakeUsers) EndUserSessions(context.Context, dialog.UserID) error   { return nil }
func (fakeUsers) SuspendUser(context.Context, dialog.UserID, bool) error { return nil }
