package cli

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"dialogs/edge"
)

const (
	// linesWaiting is how many lines wait for a slow reader of the log before
	// lines are dropped.
	linesWaiting = 4096
	// flushMost is how long the program waits for that reader at its end.
	flushMost = time.Second
)

// newLogger logs each record with the id of its request. The program must close the
// lines at its end.
func newLogger(format string, level slog.Leveler, to io.Writer) (*slog.Logger, *logLines) {
	options := &slog.HandlerOptions{Level: level}
	handler := func(w io.Writer) slog.Handler { return edge.RequestLog{Handler: slog.NewTextHandler(w, options)} }
	if format == "json" {
		handler = func(w io.Writer) slog.Handler { return edge.RequestLog{Handler: slog.NewJSONHandler(w, options)} }
	}
	lines := &logLines{waiting: make(chan []byte, linesWaiting), written: make(chan struct{})}
	own := slog.New(handler(to))
	go lines.write(to, func(dropped int64) { own.Warn("log lines dropped: their reader is too slow", "count", dropped) })
	return slog.New(handler(lines)), lines
}

// logLines are written by one goroutine, so that no request waits for the
// reader of the log. If the reader is gone, because a supervisor closed the
// pipe or the terminal is gone, lines are lost and the server continues.
type logLines struct {
	waiting chan []byte
	written chan struct{} // closed when nothing will be written any more
	dropped atomic.Int64

	mu     sync.RWMutex // guards closed, and sending against closing
	closed bool
}

// Write takes one line. It never fails and never waits.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return len(line), nil
	}
	select {
	case l.waiting <- escaped(line):
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

func (l *logLines) write(to io.Writer, report func(dropped int64)) {
	defer close(l.written)
	var batch []byte
	for line := range l.waiting {
		batch = l.gather(append(batch[:0], line...))
		_, _ = to.Write(batch) // where should it be logged?
		if dropped := l.dropped.Swap(0); dropped > 0 {
			report(dropped)
		}
	}
}

// batchBytes is how many bytes of lines that wait are written at once: a system call for
// each line takes longer than making the line.
const batchBytes = 16 << 10

// gather adds lines that already wait. Nobody waits for more of them.
func (l *logLines) gather(batch []byte) []byte {
	for len(batch) < batchBytes {
		select {
		case line, open := <-l.waiting:
			if !open {
				return batch
			}
			batch = append(batch, line...)
		default:
			return batch
		}
	}
	return batch
}

// close writes what waits, unless its reader has stopped reading.
func (l *logLines) close() {
	l.mu.Lock()
	l.closed = true
	close(l.waiting)
	l.mu.Unlock()
	select {
	case <-l.written:
	case <-time.After(flushMost):
	}
}

// escaped is a copy of a line whose control and bidirectional characters are
// escaped. Those of JSON are in strings; in text, slog has quoted and escaped them
// already.
func escaped(line []byte) []byte {
	end := max(len(line)-1, 0)
	if !slices.ContainsFunc(line[:end], func(b byte) bool { return b < ' ' || b >= 0x7f }) { // most lines
		return bytes.Clone(line)
	}
	out := make([]byte, 0, len(line)+1)
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		end := r == '\n' && i == len(line)-1
		if !end && hidden(r) {
			const digits = "0123456789abcdef"
			out = append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		} else {
			out = append(out, line[i:i+size]...)
		}
		i += size
	}
	return out
}

// hidden tells the characters that change how a terminal shows what is around them:
// controls, line and paragraph separators, and those that set the direction.
func hidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
