package servertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dialogs/cli"
	"dialogs/store/mongo/mongotest"
)

// A Server is a server that runs for one test.
type Server struct {
	testing.TB
	// URL is its address, without a path: http://127.0.0.1:PORT.
	URL string
	// Store is the address of its store.
	Store string
	// Stdout and Stderr are what it prints; Stderr is its log, as JSON.
	Stdout, Stderr *Output
	Client         *http.Client

	environ []string
	cancel  context.CancelFunc
	done    chan int
}

// Start runs a server in this process on an embedded store of its own.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return StartAt(tb, filepath.Join(tb.TempDir(), "data"), args...)
}

// StartAt runs a server in this process on the store at an address.
func StartAt(tb testing.TB, store string, args ...string) *Server {
	tb.Helper()
	return StartWith(tb, nil, store, args...)
}

// StartOnMongo runs a server in this process on a MongoDB database of its own.
func StartOnMongo(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return StartWith(tb, []string{"DIALOGS_SECRET=" + rand.Text() + rand.Text()}, mongotest.URI(tb), args...)
}

// StartWith runs a server in this process with environment variables.
func StartWith(tb testing.TB, environ []string, store string, args ...string) *Server {
	tb.Helper()
	return Serve(tb, environ, store, serveArgs(store, args)...)
}

// Serve runs a command line that serves, in this process. Nothing is added to
// it: its settings must select a free port and the store.
func Serve(tb testing.TB, environ []string, store string, args ...string) *Server {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	s := &Server{
		TB: tb, Store: store, Stdout: newOutput(), Stderr: newOutput(),
		Client: &http.Client{Transport: &http.Transport{}}, environ: environ, cancel: cancel, done: make(chan int, 1),
	}
	go func() {
		s.done <- cli.Run(ctx, args, environ, strings.NewReader(""), s.Stdout, s.Stderr)
	}()
	tb.Cleanup(func() { s.Stop() })
	address := make(chan string, 1)
	go func() { address <- s.Stderr.Await(tb, serving) }()
	select {
	case code := <-s.done:
		s.done <- code
		tb.Fatalf("the server ended with %d before it served: %s", code, s.Stderr)
	case found := <-address:
		s.URL = scheme(slices.Concat(args, environ)) + "://" + found
	}
	return s
}

func serveArgs(store string, args []string) []string {
	return append([]string{"serve", "--listen", "127.0.0.1:0", "--store", store, "--log-format", "json"}, args...)
}

// scheme is https if the settings name a certificate.
func scheme(settings []string) string {
	for _, setting := range settings {
		if strings.HasPrefix(setting, "--tls-cert") || strings.HasPrefix(setting, "DIALOGS_TLS_CERT=") {
			return "https"
		}
	}
	return "http"
}

// In returns the same server for a subtest, so that its failures belong to the
// subtest.
func (s *Server) In(tb testing.TB) *Server {
	in := *s
	in.TB = tb
	return &in
}

// Cancel tells the server to stop and does not wait, like a signal would.
func (s *Server) Cancel() { s.cancel() }

// Stop stops the server and returns its exit code.
func (s *Server) Stop() int {
	s.cancel()
	code := <-s.done
	s.done <- code
	s.Client.CloseIdleConnections()
	return code
}

// A Result is the result of one run of a command.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs a command line in this process.
func Run(tb testing.TB, environ []string, args ...string) Result {
	tb.Helper()
	return RunWith(tb, environ, "", args...)
}

// RunWith runs a command line in this process with standard input.
func RunWith(tb testing.TB, environ []string, stdin string, args ...string) Result {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(tb.Context(), args, environ, strings.NewReader(stdin), &stdout, &stderr)
	return Result{Stdout: strings.TrimSpace(stdout.String()), Stderr: strings.TrimSpace(stderr.String()), Code: code}
}

// CLI runs a command line on the server's store.
func (s *Server) CLI(args ...string) Result {
	s.Helper()
	if args[0] != "migrate" { // which has its own flags for stores
		args = append(args, "--store", s.Store)
	}
	return Run(s.TB, s.environ, args...)
}

// MustCLI returns what the command printed, and fails the test when the
// command does.
func (s *Server) MustCLI(args ...string) string {
	s.Helper()
	result := s.CLI(args...)
	if result.Code != 0 {
		s.Fatalf("dialogs %s: %s", strings.Join(args, " "), result.Stderr)
	}
	return result.Stdout
}

// Token makes a session token for the user.
func (s *Server) Token(user string) string {
	s.Helper()
	return s.MustCLI("token", user)
}

// DevelopmentKey is the API key of a server in development mode.
func (s *Server) DevelopmentKey() string {
	s.Helper()
	key, err := os.ReadFile(filepath.Join(s.Store, "development.key"))
	if err != nil {
		s.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}
