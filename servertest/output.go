package servertest

import (
	"bytes"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for something that should happen
// immediately.
const Patience = 30 * time.Second

// An Output is what a program prints. It can be read while it is written.
type Output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	limit   int
	written chan struct{}
}

func newOutput() *Output { return &Output{written: make(chan struct{}, 1)} }

// Write appends.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.written <- struct{}{}:
	default:
	}
	if o.limit > 0 && o.b.Len() > o.limit {
		o.b.Next(o.b.Len() - o.limit)
	}
	return o.b.Write(p)
}

// Limit forgets all but about the last n bytes, now and later.
func (o *Output) Limit(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit = n
}

// String is what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// Await waits until the output matches the pattern, and returns its last group.
func (o *Output) Await(tb testing.TB, pattern string) string {
	tb.Helper()
	re, deadline := regexp.MustCompile(pattern), time.After(Patience)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-o.written:
		case <-deadline:
			tb.Fatalf("timed out waiting for %q in %s", pattern, o)
		}
	}
}

// serving is the log line by which a server tells its address, in either
// format.
const serving = `msg"?[:=]"?serving"?[, ]"?address"?[:=]"?([^\s",]+)`
