package dialogtest

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// Ticking is a clock that moves a second with each look at it.
func Ticking(now time.Time) func() time.Time {
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

// Counting is randomness without any, for ids that are the same in every run.
func Counting() io.Reader { return &counter{} }

type counter struct {
	mu sync.Mutex
	n  byte
}

func (c *counter) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	clear(p)
	p[len(p)-1] = c.n
	return len(p), nil
}

// A Log is what was logged. It can be read while it is written.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
