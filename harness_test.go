package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialogs/store/mongo/mongotest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(bareDir); dir != "" {
		fmt.Fprintln(os.Stderr, serveBare(dir))
		os.Exit(1)
	}
	// modernc.org/sqlite and net/http keep nothing running once everything is closed.
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// A running is a server that run() runs.
type running struct {
	testing.TB
	url, dir string
	getenv   func(string) string
	stdout   *syncBuffer
	stderr   *syncBuffer
	client   *http.Client
	cancel   context.CancelFunc
	done     chan error
}

// syncBuffer is a buffer that can be read while it is written, and that
// tells when it was.
type syncBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{}
}

func newSyncBuffer() *syncBuffer { return &syncBuffer{written: make(chan struct{}, 1)} }

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.written <- struct{}{}:
	default:
	}
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits until what was written matches, and returns the first group.
func (s *syncBuffer) await(t testing.TB, pattern string) string {
	t.Helper()
	re, deadline := regexp.MustCompile(pattern), time.After(patience)
	for {
		if m := re.FindStringSubmatch(s.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-s.written:
		case <-deadline:
			t.Fatalf("waited in vain for %q in %s", pattern, s)
		}
	}
}

func noEnvironment(string) string { return "" }

// start runs a server on a free port and an embedded store, both its own
// unless the arguments say otherwise. It is stopped with the test.
func start(t testing.TB, args ...string) *running {
	t.Helper()
	return startIn(t, filepath.Join(t.TempDir(), "data"), args...)
}

func startIn(t testing.TB, dir string, args ...string) *running {
	t.Helper()
	return startWith(t, noEnvironment, dir, args...)
}

// startOnMongo runs a server on a MongoDB database of its own.
func startOnMongo(t testing.TB, args ...string) *running {
	t.Helper()
	secret := randomText()
	return startWith(t, func(name string) string {
		if name == environmentName("secret") {
			return secret
		}
		return ""
	}, mongotest.URI(t), args...)
}

func startWith(t testing.TB, getenv func(string) string, dir string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{
		TB: t, dir: dir, getenv: getenv, stdout: newSyncBuffer(), stderr: newSyncBuffer(),
		client: &http.Client{Transport: &http.Transport{}}, cancel: cancel, done: make(chan error, 1),
	}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--store", dir, "--log-format", "json"}, args...)
	go func() { r.done <- run(ctx, args, getenv, r.stdout, r.stderr) }()
	t.Cleanup(func() { _ = r.stop() })
	select {
	case err := <-r.done:
		r.done <- err
		t.Fatalf("the server did not start: %v", err)
	case address := <-r.address():
		r.url = "http://" + address
	}
	return r
}

func (r *running) address() <-chan string {
	found := make(chan string, 1)
	go func() { found <- r.stderr.await(r.TB, `"msg":"serving","address":"([^"]+)"`) }()
	return found
}

// stop ends the server and returns what run did.
func (r *running) stop() error {
	r.cancel()
	err := <-r.done
	r.done <- err
	r.client.CloseIdleConnections()
	return err
}

// cli runs a command line on the server's store and returns what it printed.
func (r *running) cli(args ...string) (string, error) {
	var stdout bytes.Buffer
	err := run(r.Context(), append(args, "--store", r.dir), r.getenv, &stdout, io.Discard)
	return strings.TrimSpace(stdout.String()), err
}

// mustCLI fails the test when the command does.
func (r *running) mustCLI(args ...string) string {
	r.Helper()
	out, err := r.cli(args...)
	if err != nil {
		r.Fatalf("dialogs %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// A reply is a GraphQL answer over HTTP.
type reply struct {
	Status int
	Header http.Header
	Body   []byte
	Data   map[string]json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct {
			Code, Field, Rule, Standing string
			Allowed                     []string
			Status                      int
		}
	}
}

// header is a request header's names and values in turn.
type header []string

func withKey(key string) header { return header{"Authorization", "ApiKey " + key} }

func onBehalf(key, user string) header {
	return header{"Authorization", "ApiKey " + key, "On-Behalf-Of", user}
}
func withToken(token string) header { return header{"QB-Token", token} }

// post sends an operation.
func (r *running) post(h header, query string, variables map[string]any) reply {
	r.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		r.Fatal(err)
	}
	answer, err := r.try(h, body)
	if err != nil {
		r.Fatal(err)
	}
	return answer
}

func (r *running) try(h header, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(h); i += 2 {
		request.Header.Add(h[i], h[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer := reply{Status: response.StatusCode, Header: response.Header}
	if answer.Body, err = io.ReadAll(response.Body); err != nil {
		return reply{}, err
	}
	return answer, json.Unmarshal(answer.Body, &answer)
}

// must is post for an operation without errors.
func (r *running) must(h header, query string, variables map[string]any) reply {
	r.Helper()
	answer := r.post(h, query, variables)
	if answer.Status != http.StatusOK || len(answer.Errors) > 0 {
		r.Fatalf("%s: status %d: %s", query, answer.Status, answer.Body)
	}
	return answer
}

// get reads a page and returns its status and body.
func (r *running) get(path string) (int, string) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.Fatal(err)
	}
	return response.StatusCode, string(body)
}
