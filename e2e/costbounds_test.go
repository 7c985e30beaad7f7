package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dialogs/servertest"
)

// A bound is the size of an answer, and how often it called the store, when the bounds
// were written.
type bound struct{ bytes, calls int }

// What may be added to a bound beside half of it: ids and times differ, and the server
// itself calls the store now and then.
const (
	freeBytes = 256
	freeCalls = 6
)

var boundsFile = filepath.Join("testdata", "cost.tsv")

func writeBounds(t *testing.T, all []costly) {
	t.Helper()
	var text strings.Builder
	for _, c := range all {
		fmt.Fprintf(&text, "%d\t%d\t%s\n", c.bytes, c.calls, c.what)
	}
	if err := os.MkdirAll(filepath.Dir(boundsFile), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(boundsFile, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readBounds(t *testing.T) map[string]bound {
	t.Helper()
	file, err := os.Open(boundsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	bounds := map[string]bound{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var b bound
		parts := strings.SplitN(lines.Text(), "\t", 3)
		if len(parts) != 3 {
			t.Fatalf("%s: %q must have a size, a number of calls and a request", boundsFile, lines.Text())
		}
		for i, to := range []*int{&b.bytes, &b.calls} {
			if *to, err = strconv.Atoi(parts[i]); err != nil {
				t.Fatalf("%s: %v", boundsFile, err)
			}
		}
		bounds[parts[2]] = b
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return bounds
}

// count sends the request once, while nobody else does.
func (c *costly) count(t *testing.T, p *servertest.Process, h servertest.Header) {
	t.Helper()
	h = append(h[:len(h):len(h)], "Content-Type", "application/json")
	before := storeCalls(t, p.Server)
	answer := p.Do(c.method, c.path, h, c.body)
	c.status, c.bytes = answer.Status, len(answer.Body)
	c.calls = storeCalls(t, p.Server) - before
}

// compare compares with the bound of the request.
func (c *costly) compare(t *testing.T, bounds map[string]bound) {
	t.Helper()
	b, known := bounds[c.what]
	switch {
	case !known:
		t.Errorf("%s: there is no bound: run make bench-cost", c.what)
	case c.bytes > b.bytes*3/2+freeBytes:
		t.Errorf("%s: the answer has %d bytes, and had %d", c.what, c.bytes, b.bytes)
	case c.calls > b.calls*3/2+freeCalls:
		t.Errorf("%s: the store is called %d times, and was %d times", c.what, c.calls, b.calls)
	}
}

var callsCounted = regexp.MustCompile(`(?m)^db_client_operation_duration_seconds_count\{.*\} (\d+)$`)

// storeCalls is how often the store was called since the server started.
func storeCalls(t *testing.T, s *servertest.Server) int {
	t.Helper()
	status, text := ask(t, s, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("got status %d: %.300s", status, text)
	}
	calls := 0
	for _, found := range callsCounted.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		calls += n
	}
	return calls
}
