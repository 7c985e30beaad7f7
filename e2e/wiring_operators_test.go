package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"dialogs/servertest"
)

// operatorTrials have what only operators use.
func operatorTrials(t *testing.T) []trial {
	t.Helper()
	collector := newCollector(t)
	return []trial{
		{name: "operators", wires: []wire{
			{"admin-listen", "localhost:0", func(t *testing.T, s *servertest.Server) {
				if status, body := ask(t, s, "/metrics"); status != http.StatusOK || !strings.Contains(body, "dialogs_build_info") {
					t.Errorf("got status %d and %s", status, body)
				}
			}},
			{"admin-pprof", "true", func(t *testing.T, s *servertest.Server) {
				if status, body := ask(t, s, "/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "goroutine profile") {
					t.Errorf("got status %d and %s", status, body)
				}
			}},
		}},
		{name: "read only", wires: []wire{{"read-only", "true", func(t *testing.T, s *servertest.Server) {
			reply := s.Post(servertest.WithToken(s.Token("alice")), `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`, nil)
			if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "UNAVAILABLE" || !strings.Contains(reply.Errors[0].Message, "read-only") {
				t.Errorf("got %s", reply.Body)
			}
		}}}},
		{name: "drain", beside: []string{"--admin-listen", "localhost:0"}, wires: []wire{{"drain-delay", "4s", func(t *testing.T, s *servertest.Server) {
			s.Cancel()
			s.Stderr.Await(t, `draining`)
			if status, body := s.Get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
				t.Errorf("got status %d and %s", status, body)
			}
			if status, body := ask(t, s, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
				t.Errorf("the admin listener: got status %d and %s", status, body)
			}
			if status, body := s.Get("/healthz"); status != http.StatusOK {
				t.Errorf("got status %d and %s", status, body)
			}
		}}}},
		{name: "traces", wires: []wire{
			{"trace-endpoint", collector.url, func(t *testing.T, s *servertest.Server) {
				s.Must(servertest.WithToken(s.Token("traced-user")), `query Secret { dialogs(first: 7) { edges { node { id } } } }`, nil)
				s.Stop() // which sends the rest
				collector.await(t, "query")
			}},
			{"trace-documents", "true", func(t *testing.T, _ *servertest.Server) { collector.awaitAttribute(t, "first: 7") }},
			{"trace-callers", "true", func(t *testing.T, _ *servertest.Server) { collector.awaitAttribute(t, "traced-user") }},
		}},
		{name: "sampled traces", beside: []string{"--trace-endpoint", collector.url}, wires: []wire{
			{"trace-sample", "0", func(t *testing.T, s *servertest.Server) {
				before := collector.count("GET /healthz")
				s.Get("/healthz")
				s.Stop()
				if after := collector.count("GET /healthz"); after != before {
					t.Errorf("%d requests were traced", after-before)
				}
			}},
		}},
	}
}

// ask sends a GET request to the admin listener.
func ask(t *testing.T, s *servertest.Server, path string) (status int, body string) {
	t.Helper()
	response, err := s.Client.Get(admin(t, s) + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// admin is the URL of the admin listener.
func admin(t *testing.T, s *servertest.Server) string {
	t.Helper()
	return "http://" + s.Stderr.Await(t, `serving operators"?[, ]"?address"?[:=]"?([^\s",]+)`)
}
