package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
)

// An attack is what one caller can send to hurt everyone else. Its limits apply
// to the default settings, on the slowest machine.
type attack struct {
	reason string
	// send sends everything, and checks each answer.
	send func(*testing.T, *servertest.Process)
	// memory and cpu are the most that it may add.
	memory int64
	cpu    time.Duration
}

const megabyte = 1 << 20

// TestAttacks measures what attacks cost the server.
func TestAttacks(t *testing.T) {
	servertest.NeedUsage(t)
	for name, a := range map[string]attack{
		"values of a stranger": {
			"variables are decoded before a stranger is refused",
			flood(40, http.StatusRequestEntityTooLarge, func(*testing.T, *servertest.Process) (servertest.Header, []byte) {
				return nil, manyValues(megabyte - 200)
			}),
			100 * megabyte, time.Second,
		},
		"values of strangers in small bodies": {
			"64 KiB hold 32,000 values",
			flood(200, http.StatusBadRequest, func(*testing.T, *servertest.Process) (servertest.Header, []byte) {
				return nil, manyValues(64<<10 - 200)
			}),
			100 * megabyte, 2 * time.Second,
		},
		"values of a user": {
			"a user can send 500,000 values at a time",
			flood(40, http.StatusBadRequest, func(_ *testing.T, p *servertest.Process) (servertest.Header, []byte) {
				return servertest.WithToken(p.Token("mallory")), manyValues(megabyte - 200)
			}),
			200 * megabyte, 2 * time.Second,
		},
		"documents of a stranger": {
			"documents of thousands of values are parsed and could be remembered",
			documents(func(*testing.T, *servertest.Process) servertest.Header { return nil }),
			100 * megabyte, 30 * time.Second,
		},
		"documents of a user": {
			"documents of thousands of values are remembered",
			documents(func(_ *testing.T, p *servertest.Process) servertest.Header {
				return servertest.WithToken(p.Token("mallory"))
			}),
			200 * megabyte, 30 * time.Second,
		},
		"fields of a stranger": {
			"validation compares the fields of a document with one another",
			flood(200, http.StatusOK, func(*testing.T, *servertest.Process) (servertest.Header, []byte) {
				return nil, fmt.Appendf(nil, `{"query": "{ dialogs { nodes {%s } } }"}`, strings.Repeat(" id", 490))
			}),
			50 * megabyte, 2 * time.Second,
		},
		"fragments of a stranger": {
			"validation looks at each fragment with all that it uses",
			flood(40, http.StatusOK, func(*testing.T, *servertest.Process) (servertest.Header, []byte) {
				var chain strings.Builder
				for i := range 200 {
					fmt.Fprintf(&chain, " fragment f%d on Query { ...f%d }", i, i+1)
				}
				return nil, fmt.Appendf(nil, `{"query": "{ ...f0 }%s fragment f200 on Query { dialogs(filter: {ids: [%s]}) { totalCount } }"}`,
					chain.String(), strings.Repeat("1 ", 1990))
			}),
			50 * megabyte, 2 * time.Second,
		},
		"values within the limits": {
			"20,000 values are decoded and coerced",
			flood(40, http.StatusOK, func(_ *testing.T, p *servertest.Process) (servertest.Header, []byte) {
				return servertest.WithToken(p.Token("mallory")), manyValues(2 * 19_900)
			}),
			200 * megabyte, 2 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := servertest.Spawn(t, "--rate-limit", "0")
			p.Must(nil, whoami, nil)
			before := p.Usage()
			a.send(t, p)
			after := p.Usage()
			t.Logf("%d MB and %v of CPU: %s", (after.PeakMemory-before.Memory)/megabyte, after.CPU-before.CPU, a.reason)
			if taken := after.PeakMemory - before.Memory; taken > a.memory {
				t.Errorf("took %d MB of memory, want at most %d", taken/megabyte, a.memory/megabyte)
			}
			if taken := after.CPU - before.CPU; taken > a.cpu {
				t.Errorf("took %v of CPU, want at most %v", taken, a.cpu)
			}
		})
	}
}

// documents sends 1,000 different documents of 16 KB.
func documents(header func(*testing.T, *servertest.Process) servertest.Header) func(*testing.T, *servertest.Process) {
	return func(t *testing.T, p *servertest.Process) {
		t.Helper()
		h := header(t, p)
		numbers := make(chan int)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for n := range numbers {
					if _, err := p.Try(h, aDocument(n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for n := range 1000 {
			numbers <- n
		}
		close(numbers)
		all.Wait()
	}
}

// manyValues is the body of a request with as many values as fit.
func manyValues(size int) []byte {
	return fmt.Appendf(nil, `{"query": "query($ids: [ID!]) { dialogs(filter: {ids: $ids}) { totalCount } }", "variables": {"ids": [%s1]}}`,
		bytes.Repeat([]byte("1,"), size/2))
}

// flood sends the same request to GraphQL many times at once, and expects a
// status from GraphQL.
func flood(times, status int, request func(*testing.T, *servertest.Process) (servertest.Header, []byte)) func(*testing.T, *servertest.Process) {
	return func(t *testing.T, p *servertest.Process) {
		t.Helper()
		h, body := request(t, p)
		var all sync.WaitGroup
		for range times {
			all.Go(func() {
				reply, err := p.Try(h, body)
				if err == nil && (reply.Status != status || len(reply.Body) > 16<<10) {
					t.Errorf("got status %d, want %d: %s", reply.Status, status, strings.ToValidUTF8(string(reply.Body[:min(len(reply.Body), 300)]), ""))
				}
			})
		}
		all.Wait()
	}
}
