package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestMetricsAreBounded sends operations, paths and methods whose names nobody has
// thought of, and counts the series.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", "127.0.0.1:0", "--rate-limit", "0")
	header := servertest.WithToken(s.Token("alice"))
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for i := range 2500 {
				name := fmt.Sprintf("hostile_%d_%d", sender, i)
				body := fmt.Sprintf(`{"query": "query %s { %s: viewer { kind } %s }"}`, name, name, []string{"", "missing" + name, "dialog(id: \\\"x\\\") { id }"}[i%3])
				if _, err := s.Try(header, []byte(body)); err != nil {
					t.Error(err)
					return
				}
				if i%50 == 0 {
					s.Do([]string{"PURGE", "GET", "TRACE", "H" + fmt.Sprint(i)}[i/50%4], "/"+name, nil, nil)
				}
			}
		})
	}
	senders.Wait()
	_, body := ask(t, s.Server, "/metrics")
	series := 0
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "#") {
			series++
		}
	}
	if series > 2000 || strings.Contains(body, "hostile") {
		t.Errorf("there are %d series, some with %q", series, regexp.MustCompile(`.*hostile.*`).FindString(body))
	}
	for _, want := range []string{
		`dialogs_operations_total{code="OK",field="viewer"} [1-9]`, `dialogs_operations_total{code="GRAPHQL_VALIDATION_FAILED",field=""} [1-9]`,
		`dialogs_operations_total{code="BAD_USER_INPUT",field="dialog"} [1-9]`,
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",http_route=""} [1-9]`,
	} {
		if !regexp.MustCompile(want).MatchString(body) {
			t.Errorf("there is no %s in %s", want, body)
		}
	}
}

// TestMetrics does one of each thing that is measured.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", "127.0.0.1:0", "--limit-aliases", "1", "--limit-name", "5", "--limit-ids", "1")
	header := servertest.WithToken(s.Token("alice"))
	s.Must(header, `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`, nil)
	s.Post(header, `mutation { createDialog(input: {type: GROUP, name: "longer"}) { created } }`, nil)
	s.Post(header, `{ a: viewer { kind } b: viewer { kind } }`, nil)
	s.Rest(header, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "too long"})
	_, body := ask(t, s.Server, "/metrics")
	for _, want := range []string{
		`dialogs_build_info{version=".+"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/graphql"} [1-9]`,
		`db_client_operation_duration_seconds_count{db_operation_name="Create",db_system_name="sqlite",error_type=""} 1`,
		`dialogs_store_group_commit_size_count [1-9]`,
		`dialogs_refusals_total{setting="limit-name"} 2`,
		`dialogs_refusals_total{setting="limit-aliases"} 1`,
		`dialogs_lanes_in_use 0`, `dialogs_lanes_waiting 0`, `dialogs_feed_lag_seconds 0`, `dialogs_webhook_lag_seconds 0`,
		`go_goroutines [1-9]`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(body) {
			t.Errorf("there is no %s in %s", want, body)
		}
	}
}

// TestSmallHeapIsCollectedLess: with a small heap, the collector waits longer than Go does by
// default.
func TestSmallHeapIsCollectedLess(t *testing.T) {
	t.Parallel()
	p := servertest.Spawn(t, "--admin-listen", "127.0.0.1:0", "--admin-pprof")
	percent := regexp.MustCompile(`(?m)^go_gc_gogc_percent (\d+)$`)
	for deadline := time.Now().Add(servertest.Patience); ; {
		if status, body := ask(t, p.Server, "/debug/pprof/heap?gc=1"); status != http.StatusOK { // it adapts after a collection
			t.Fatalf("collecting: status %d, %s", status, body)
		}
		_, body := ask(t, p.Server, "/metrics")
		found := percent.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("there is no %s in %s", percent, body)
		}
		if n, err := strconv.Atoi(found[1]); err == nil && n > 100 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("GOGC is %s", found[1])
		}
	}
}

// TestAdminListener asks for everything that operators can ask for.
func TestAdminListener(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", ":0", "--secret", strings.Repeat("hidden", 10),
		"--jwks-url", "http://hiddenhidden@127.0.0.1:1/keys?token=hiddenhidden", "--jwks-issuer", "i", "--jwks-audience", "a")
	s.Stderr.Await(t, "JWKS unavailable")
	address := admin(t, s.Server)
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("a port alone listens at %s", address)
	}
	for _, test := range []struct {
		path   string
		header [2]string
		status int
		want   string
	}{
		{"/healthz", [2]string{}, 200, `{"status":"ok"}`},
		{"/readyz", [2]string{}, 200, `{"live":"ok","status":"ok"}`},
		{"/config", [2]string{}, 200, "secret  "},
		{"/config", [2]string{}, 200, "(hidden)"},
		{"/config", [2]string{}, 200, " http://(hidden)@127.0.0.1:1/keys?(hidden) "},
		{"/metrics", [2]string{"Accept", "application/openmetrics-text"}, 200, "# EOF"},
		{"/metrics", [2]string{"Host", "evil.example"}, 421, "localhost"},
		{"/metrics", [2]string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-site"},
		{"/debug/pprof/", [2]string{}, 404, ""},
		{"/graphql", [2]string{}, 404, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(test.header[0]+"", test.header[1])
		if test.header[0] == "Host" {
			request.Host = test.header[1]
		}
		if test.header[0] == "" {
			request.Header = http.Header{}
		}
		response, err := s.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var body strings.Builder
		_ = response.Write(&body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || !strings.Contains(body.String(), test.want) || strings.Contains(body.String(), "hiddenhidden") {
			t.Errorf("%s with %v: got %s", test.path, test.header, body.String())
		}
	}
	if log := s.Stderr.String(); strings.Contains(log, "hiddenhidden") {
		t.Errorf("the log shows a secret: %s", log)
	}
	for _, path := range []string{"/metrics", "/config", "/debug/pprof/"} {
		if status, _ := s.Get(path); status != http.StatusNotFound {
			t.Errorf("the public port answers %s with %d", path, status)
		}
	}
}
