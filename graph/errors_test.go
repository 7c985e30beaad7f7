package graph_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// A brokenStore fails in the way that a test has chosen.
type brokenStore struct {
	dialog.Store
	fail func() error
}

func (s brokenStore) Dialog(context.Context, dialog.ID, bool) (dialog.Dialog, error) {
	return dialog.Dialog{}, s.fail()
}

// TestInnerErrors checks that internal details never reach a client, and that they are in
// the log instead.
func TestInnerErrors(t *testing.T) {
	const secret = "mongodb://root:hunter2@db: no reachable servers"
	for _, test := range []struct {
		fail         func() error
		code, reason string
	}{
		{func() error { return errors.New(secret) }, "INTERNAL", "an error of a driver"},
		{func() error { panic(secret) }, "INTERNAL", "a panic"},
		{func() error { return dialog.ErrUnavailable(errors.New(secret)) }, "UNAVAILABLE", "a store that is away"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, brokenStore{memory.NewStore(), test.fail})
			a := d.do(user("alice"), `{ viewer { kind } dialog(id: "65ba1b4a0000000000000001") { id } }`)
			if code, _ := a.code(t); code != test.code {
				t.Errorf("got %s, want %s: %s", code, test.code, a.Body)
			}
			if strings.Contains(a.Body, "hunter2") || strings.Contains(a.Body, "goroutine") {
				t.Errorf("the answer tells what is inside: %s", a.Body)
			}
			if !strings.Contains(d.log.String()+d.notes()["reason"], "hunter2") {
				t.Errorf("the log does not tell what happened: %s", d.log)
			}
			if id := a.Errors[0].Extensions["id"]; test.code == "INTERNAL" && id != requestID {
				t.Errorf("got the id %v, want the request's", id)
			}
			if strings.Contains(a.Body, "a change may have been made") {
				t.Errorf("a query may have changed something: %s", a.Body)
			}
			if got := d.notes()["code"]; got != test.code {
				t.Errorf("the log line has the code %q, want %q", got, test.code)
			}
			if a.Data["viewer"] == nil {
				t.Errorf("the failure hides its neighbor: %s", a.Body)
			}
		})
	}
}

// TestCredentialsFirst: a request without credentials gets UNAUTHENTICATED, whatever else
// is wrong with it, except for an invalid document.
func TestCredentialsFirst(t *testing.T) {
	d := open(t, nil)
	for _, query := range []string{
		`{ dialog(id: "x") { id } }`,
		`{ dialog(id: 5) { id } }`,
		`{ node(id: "x") { id } }`,
		`{ customClasses { name } }`,
		`mutation { createDialog(input: {type: GROUP}) { created } }`,
		`mutation { updateDialog(id: "x", input: {}) { replayed } }`,
		`mutation { deleteDialog(id: "x") { deletedId } }`,
		`mutation { defineCustomClass(input: {name: "", fields: []}) { customClass { name } } }`,
		`mutation { createSession(input: {userId: "", ttl: 0}) { token } }`,
	} {
		a := d.do(dialog.Caller{}, query)
		if code, _ := a.code(t); code != "UNAUTHENTICATED" {
			t.Errorf("%s: got %s", query, a.Body)
		}
	}
}

func TestConflictTellsTheVersion(t *testing.T) {
	d := open(t, nil)
	id := d.group("alice", "bob")
	a := d.do(user("alice"), update, "id", id, "input", map[string]any{"name": "Dinner", "ifVersion": 7})
	if code, field := a.code(t); code != "CONFLICT" || field != "ifVersion" || a.Errors[0].Extensions["currentVersion"] != 1.0 {
		t.Errorf("got %s", a.Body)
	}
}

// TestDeadline checks the answer when the time of a request ends before anything was
// executed.
func TestDeadline(t *testing.T) {
	d := open(t, nil)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query": "{ viewer { kind } }"}`))
	r.Header.Set("Content-Type", "application/json")
	a := d.send(user("alice"), r)
	if code, _ := a.code(t); a.Status != http.StatusServiceUnavailable || code != "UNAVAILABLE" {
		t.Errorf("got status %d: %s", a.Status, a.Body)
	}
}
