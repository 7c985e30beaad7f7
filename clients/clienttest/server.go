// Package clienttest runs what clients of the server are tested with: the real
// binary on a port and a store of its own, npm for those that are written in
// TypeScript, and a browser.
//
// It knows the server from outside alone: its command line, its log and its
// files.
package clienttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Server is a development server that runs for one test.
type Server struct {
	// URL is where it is, without a path: http://127.0.0.1:PORT.
	URL string
	// Key is an API key of its.
	Key string

	tb          testing.TB
	binary, dir string
}

// Start builds the server and starts it on a free port with an empty store,
// and with more flags if there are any. It is stopped with the test.
func Start(tb testing.TB, flags ...string) *Server {
	tb.Helper()
	s := &Server{tb: tb, binary: filepath.Join(tb.TempDir(), "dialogs"), dir: filepath.Join(tb.TempDir(), "data")}
	Run(tb, ".", nil, "go", "build", "-o", s.binary, "dialogs")
	flags = append([]string{"serve", "--dev", "--log-format", "json", "--listen", "127.0.0.1:0", "--store", s.dir}, flags...)
	command := exec.Command(s.binary, flags...)
	command.Env = withoutSettings(os.Environ())
	s.URL = "http://" + Await(tb, command, `"msg":"serving","address":"([^"]+)"`)
	key, err := os.ReadFile(filepath.Join(s.dir, "development.key"))
	if err != nil {
		tb.Fatal(err)
	}
	s.Key = strings.TrimSpace(string(key))
	return s
}

// Token is a session token of the user.
func (s *Server) Token(user string) string {
	s.tb.Helper()
	return strings.TrimSpace(Run(s.tb, ".", nil, s.binary, "token", user, "--store", s.dir))
}

// withoutSettings drops what would set the server otherwise than by its flags.
func withoutSettings(environment []string) []string {
	var kept []string
	for _, entry := range environment {
		if !strings.HasPrefix(entry, "DIALOGS_") {
			kept = append(kept, entry)
		}
	}
	return kept
}
