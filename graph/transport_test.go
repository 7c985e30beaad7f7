package graph_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dialogs/dialog"
)

const (
	plain    = "application/json"
	response = "application/graphql-response+json"
)

func TestStatusAndType(t *testing.T) {
	ok := `{"query": "{ viewer { kind } }"}`
	broken := `{"query": "{ viewer { "}`
	invalid := `{"query": "{ nothing }"}`
	uncoercible := `{"query": "query($first: Int) { dialogs(first: $first) { totalCount } }", "variables": {"first": true}}`
	refused := `{"query": "{ dialogs { totalCount } }"}`
	for _, test := range []struct {
		accept, body string
		status       int
		mediaType    string
		data         bool
		code, field  string
		contentType  string
		encoding     string
		reason       string
	}{
		{accept: "", body: ok, status: 200, mediaType: plain, data: true, reason: "who does not say gets the older type"},
		{accept: "*/*", body: ok, status: 200, mediaType: plain, data: true, reason: "anything will do"},
		{accept: response, body: ok, status: 200, mediaType: response, data: true, reason: "the newer type"},
		{accept: plain + ", " + response, body: ok, status: 200, mediaType: plain, data: true, reason: "the first of two equals"},
		{accept: plain + ";q=0.5, " + response, body: ok, status: 200, mediaType: response, data: true, reason: "the one liked better"},
		{accept: plain + ";q=0, */*", body: ok, status: 200, mediaType: response, data: true, reason: "anything but the older type"},
		{accept: plain + ";q=0.2, */*;q=0.9", body: ok, status: 200, mediaType: response, data: true, reason: "what names a type decides about it"},
		{accept: "*/*, " + response, body: ok, status: 200, mediaType: response, data: true, reason: "what is named comes before what is only allowed"},
		{accept: plain + ", text/plain, */*", body: ok, status: 200, mediaType: plain, data: true, reason: "Axios"},
		{accept: response + ", application/graphql+json, " + plain + ", text/event-stream, multipart/mixed", body: ok, status: 200, mediaType: response, data: true, reason: "urql"},
		{accept: "multipart/mixed;deferSpec=20220824," + response + "," + plain + ";q=0.9", body: ok, status: 200, mediaType: response, data: true, reason: "Apollo Client"},
		{accept: "*/*;q=0", body: ok, status: 406, mediaType: plain, code: "BAD_USER_INPUT", reason: "nothing at all"},
		{accept: "text/html", body: ok, status: 406, mediaType: plain, code: "BAD_USER_INPUT", reason: "a type that is not served"},
		{accept: plain, body: broken, status: 200, mediaType: plain, code: "GRAPHQL_PARSE_FAILED", reason: "the older type says 200 for an invalid document"},
		{accept: response, body: broken, status: 400, mediaType: response, code: "GRAPHQL_PARSE_FAILED", reason: "the newer type says 400"},
		{accept: plain, body: invalid, status: 200, mediaType: plain, code: "GRAPHQL_VALIDATION_FAILED", reason: "the older type, a document that does not fit"},
		{accept: response, body: invalid, status: 400, mediaType: response, code: "GRAPHQL_VALIDATION_FAILED", reason: "the newer type, a document that does not fit"},
		{accept: plain, body: uncoercible, status: 200, mediaType: plain, code: "BAD_USER_INPUT", field: "first", reason: "the older type, variables that can't be coerced"},
		{accept: response, body: uncoercible, status: 400, mediaType: response, code: "BAD_USER_INPUT", field: "first", reason: "the newer type, variables that can't be coerced"},
		{accept: response, body: refused, status: 200, mediaType: response, data: true, code: "UNAUTHENTICATED", reason: "a field that fails is an answer"},
		{accept: plain, body: `{`, status: 400, mediaType: plain, code: "BAD_USER_INPUT", reason: "no JSON is 400 in either type"},
		{accept: plain, body: ok, contentType: "text/plain", status: 415, mediaType: plain, code: "BAD_USER_INPUT", reason: "a simple request of a foreign page"},
		{accept: plain, body: ok, contentType: "multipart/form-data; boundary=x", status: 415, mediaType: plain, code: "BAD_USER_INPUT", reason: "an upload"},
		{accept: plain, body: ok, contentType: "application/json; charset=latin1", status: 415, mediaType: plain, code: "BAD_USER_INPUT", reason: "another encoding"},
		{accept: plain, body: ok, contentType: "application/json; charset=UTF-8", status: 200, mediaType: plain, data: true, reason: "the encoding said"},
		{accept: plain, body: ok, encoding: "identity", status: 200, mediaType: plain, data: true, reason: "an encoding that changes nothing"},
		{accept: plain, body: "\ufeff" + ok, status: 200, mediaType: plain, data: true, reason: "a byte order mark before the JSON"},
		{accept: plain, body: ok, encoding: "gzip", status: 415, mediaType: plain, code: "BAD_USER_INPUT", reason: "a compressed body"},
		{accept: plain, body: `{"query": "{ viewer { kind } }", "extensions": {"x": "` + strings.Repeat("x", 1<<20) + `"}}`, status: 413, mediaType: plain, code: "BAD_USER_INPUT", reason: "a body past the limit"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(test.body))
			r.Header.Set("Content-Type", plain)
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if test.encoding != "" {
				r.Header.Set("Content-Encoding", test.encoding)
			}
			if test.accept != "" {
				r.Header.Set("Accept", test.accept)
			}
			a := d.send(dialog.Caller{}, r)
			code, field := a.code(t)
			if a.Status != test.status || a.HasData != test.data || code != test.code || field != test.field {
				t.Errorf("got status %d, data %v, code %q, field %q: %s", a.Status, a.HasData, code, field, a.Body)
			}
			if got := a.Header.Get("Content-Type"); got != test.mediaType+"; charset=utf-8" {
				t.Errorf("got Content-Type %q, want %q", got, test.mediaType)
			}
		})
	}
}

func TestGET(t *testing.T) {
	for _, test := range []struct {
		query, variables, preflight string
		status                      int
		reason                      string
	}{
		{`{ viewer { kind } }`, ``, "1", 200, "a query"},
		{`query($id: ID!) { dialog(id: $id) { id } }`, `{"id": "x"}`, "1", 200, "a query with variables"},
		{`{ viewer { kind } }`, ``, "", 400, "a foreign page could have sent it"},
		{`mutation { deleteDialog(id: "65ba1b4a0000000000000001") { deletedId } }`, ``, "1", 405, "a mutation"},
		{`{ viewer { kind } }`, `{"x"`, "1", 400, "variables that are not JSON"},
		{``, ``, "1", 400, "no query"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			id := d.group("alice")
			query := strings.Replace(test.query, "65ba1b4a0000000000000001", id, 1)
			r := httptest.NewRequest(http.MethodGet, "/graphql?"+url.Values{"query": {query}, "variables": {test.variables}}.Encode(), nil)
			if test.preflight != "" {
				r.Header.Set("GraphQL-Require-Preflight", test.preflight)
			}
			a := d.send(user("alice"), r)
			if a.Status != test.status {
				t.Errorf("got status %d, want %d: %s", a.Status, test.status, a.Body)
			}
			if a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") != "POST" {
				t.Errorf("got Allow %q, want POST", a.Header.Get("Allow"))
			}
			if _, err := d.service.Dialog(t.Context(), user("alice"), id, false); err != nil {
				t.Errorf("the dialog is gone: %v", err)
			}
		})
	}
}

func TestUpgrade(t *testing.T) {
	d := open(t, nil)
	r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "unknown")
	if a := d.send(dialog.Caller{}, r); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "Upgrade") {
		t.Errorf("got status %d: %s", a.Status, a.Body)
	}
}

// TestPanicOutsideFields: a panic that does not belong to a field gives an answer without
// details, but with the id of the request.
func TestPanicOutsideFields(t *testing.T) {
	d := open(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/graphql", panics{})
	r.Header.Set("Content-Type", plain)
	a := d.send(dialog.Caller{}, r)
	if code, _ := a.code(t); a.Status != http.StatusInternalServerError || code != "INTERNAL" || a.Errors[0].Extensions["id"] != requestID {
		t.Errorf("got status %d: %s", a.Status, a.Body)
	}
	if strings.Contains(a.Body, "the inside") || !strings.Contains(d.log.String(), "the inside") {
		t.Errorf("got %s and the log %s", a.Body, d.log)
	}
}

// panics is a body that panics when it is read.
type panics struct{}

func (panics) Read([]byte) (int, error) { panic("the inside") }

func TestOtherMethods(t *testing.T) {
	d := open(t, nil)
	a := d.send(dialog.Caller{}, httptest.NewRequest(http.MethodPut, "/graphql", nil))
	if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("got status %d and Allow %q", a.Status, a.Header.Get("Allow"))
	}
}

// TestUnreadableBodies: the error says what is wrong with a body.
func TestUnreadableBodies(t *testing.T) {
	d := open(t, nil)
	for _, test := range []struct{ body, says string }{
		{` [{"query": "{ viewer { kind } }"}]`, "batches are not supported"},
		{`{"query": "{ viewer { kind } }", "query": "{ viewer { kind } }"}`, "each name once"},
		{`{"query": "\ud800"}`, "valid UTF-8"},
		{`{"query": 1}`, "query is a string"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(test.body))
		r.Header.Set("Content-Type", plain)
		a := d.send(dialog.Caller{}, r)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, test.says) {
			t.Errorf("%s: got status %d, want %q in %s", test.body, a.Status, test.says, a.Body)
		}
	}
}
