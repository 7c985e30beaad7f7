package e2e_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// metric waits until /metrics has a line that matches.
func (s server) metric(t *testing.T, pattern string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + pattern + `$`)
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(20 * time.Millisecond) {
		_, body := ask(t, s.Server, "/metrics")
		if line.MatchString(body) {
			return
		}
		if time.Now().After(deadline) {
			name, _, _ := strings.Cut(pattern, `\`)
			t.Fatalf("there is no %s among %v", pattern, regexp.MustCompile(`(?m)^`+name[:min(len(name), 20)]+`.*$`).FindAllString(body, -1))
		}
	}
}

// TestMetricsOfStreams looks for the figures of subscriptions after each has ended in a way
// of its own.
func TestMetricsOfStreams(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", "127.0.0.1:0")
	id := newGroup(t, s.Server)
	bob := servertest.WithToken(s.Token("bob"))
	body := `{"query": "subscription { dialogChanged(id: \"` + id + `\") { change { version } } }"}`
	subscribe := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set(bob[0], bob[1])
		response, err := s.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	leaves, stays := subscribe(), subscribe() //nolint:bodyclose // closed by the cleanup in subscribe
	s.metric(t, `dialogs_subscriptions\{transport="sse"\} 2`)
	change := func(what string) {
		s.Must(servertest.WithToken(s.Token("alice")), `mutation { updateDialog(id: "`+id+`", input: {`+what+`}) { dialog { id } } }`, nil)
	}
	change(`name: "Dinner"`)
	s.metric(t, `dialogs_delivery_seconds_count 2`)
	if err := leaves.Body.Close(); err != nil {
		t.Fatal(err)
	}
	s.metric(t, `dialogs_subscription_ends_total\{reason="disconnected",transport="sse"\} 1`)
	s.metric(t, `dialogs_subscriptions\{transport="sse"\} 1`)
	change(`removeOccupants: ["bob"]`)
	for lines := bufio.NewScanner(stays.Body); lines.Scan() && lines.Text() != "event: complete"; {
		continue
	}
	s.metric(t, `dialogs_subscription_ends_total\{reason="completed",transport="sse"\} 1`)
	s.metric(t, `dialogs_subscriptions\{transport="sse"\} 0`)
	s.metric(t, `dialogs_delivery_seconds_count 3`)
	s.metric(t, `dialogs_delivery_seconds_bucket\{le="60"\} 3`)
	s.metric(t, `dialogs_feed_lag_seconds 0(\.\d+)?`)
	s.metric(t, `dialogs_store_group_commit_size_bucket\{le="1"\} [3-9]`) // creating, renaming and removing
}

// TestMetricsOfWebhooks delivers to receivers that answer in each way.
func TestMetricsOfWebhooks(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", "127.0.0.1:0", "--webhook-allow", "127.0.0.1")
	key := servertest.WithKey(s.MustCLI("apikey", "create", "webhooks"))
	for _, status := range []int{http.StatusNoContent, http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusGone} {
		receiver := newReceiver(t, status)
		s.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver})
	}
	s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "alice"}) { created } }`, nil)
	for _, outcome := range []string{"delivered", "failed", "slow", "gone"} {
		s.metric(t, `dialogs_webhook_attempts_total\{outcome="`+outcome+`"\} [1-9]\d*`)
	}
	s.metric(t, `dialogs_webhook_lag_seconds (0\.0*[1-9]|[1-9]).*`) // the failed one waits
}

// newReceiver starts a receiver of webhooks that always gives the same answer.
func newReceiver(t *testing.T, status int) (url string) {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(receiver.Close)
	return receiver.URL
}

// TestMetricsOfConnections opens more connections than one address may have.
func TestMetricsOfConnections(t *testing.T) {
	t.Parallel()
	s := start(t, "--admin-listen", "127.0.0.1:0", "--max-connections-per-address", "2")
	refusedTo(t, s.Server, "127.0.0.1")
	s.metric(t, `dialogs_refusals_total\{setting="max-connections-per-address"\} [1-9]\d*`)
}

// TestMetricsOfMonitoring looks for each metric of the dashboard and the alert rules in what
// a server says that has done a little of everything, and for each of the server's own in
// operations.md.
func TestMetricsOfMonitoring(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`\b(dialogs|http_server|db_client|go|process)_[a-z_]+[a-z]\b`)
	said := ""
	for _, s := range []server{start(t, "--admin-listen", "127.0.0.1:0", "--limit-name", "5"), startOnMongo(t, "--admin-listen", "127.0.0.1:0", "--limit-name", "5", "--store-timeout", "20s")} {
		id := newGroup(t, s.Server)
		alice := servertest.WithToken(s.Token("alice"))
		s.Must(alice, `mutation { updateDialog(id: "`+id+`", input: {name: "y"}) { replayed } }`, nil)
		s.Post(alice, `mutation { createDialog(input: {type: GROUP, name: "longer"}) { created } }`, nil)
		_, body := ask(t, s.Server, "/metrics")
		said += body
	}
	// These have no series before the first of their kind; the tests above see them.
	said += "dialogs_subscriptions dialogs_subscription_ends_total dialogs_webhook_attempts_total"
	for _, file := range []string{"../docs/grafana.json", "../docs/alerts.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, used := range name.FindAllString(string(text), -1) {
			if used != "process_" && !strings.Contains(said, used) {
				t.Errorf("%s uses %s, which no server has", file, used)
			}
		}
	}
	explained, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(said, -1) {
		metric := found[1]
		if strings.HasPrefix(metric, "go_") || strings.HasPrefix(metric, "process_") || strings.HasPrefix(metric, "promhttp_") {
			continue // those of the client library, which are explained as a group
		}
		if !strings.Contains(string(explained), "`"+metric+"`") {
			t.Errorf("operations.md does not explain %s", metric)
		}
	}
}
