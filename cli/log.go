package cli

import (
	"bytes"
	"io"
	"log/slog"
	"runtime"
	"sync"
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
		handler = func(w io.Writer) slog.Handler { return edge.RequestLog{Handler: newJSONHandler(w, options)} }
	}
	lines := &logLines{ready: make(chan struct{}, 1), written: make(chan struct{})}
	own := slog.New(handler(to))
	go lines.write(to, func(dropped int64) { own.Warn("log lines dropped: their reader is too slow", "count", dropped) })
	return slog.New(handler(lines)), lines
}

// logLines are written by one goroutine, so that no request waits for the
// reader of the log. If the reader is gone, because a supervisor closed the
// pipe or the terminal is gone, lines are lost and the server continues.
type logLines struct {
	ready   chan struct{} // has a signal when there is something to do
	written chan struct{} // closed when nothing will be written any more

	mu sync.Mutex // guards what follows
	// waiting are lines, one after the other. count is how many lines are not being
	// written yet: these, and those that the goroutine has taken.
	waiting []byte
	count   int
	dropped int64
	closed  bool
}

// Write takes one line. It never fails and never waits.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	switch {
	case l.closed:
	case l.count == linesWaiting:
		l.dropped++
	default:
		l.waiting = appendEscaped(l.waiting, line)
		l.count++
	}
	l.mu.Unlock()
	l.signal()
	return len(line), nil
}

func (l *logLines) signal() {
	select {
	case l.ready <- struct{}{}:
	default: // a signal is there already
	}
}

func (l *logLines) write(to io.Writer, report func(dropped int64)) {
	defer close(l.written)
	var batch []byte
	for range l.ready {
		// Requests that are about to end come first, so that their lines are in the same
		// batch: a system call for each line takes longer than making the line.
		runtime.Gosched()
		var dropped int64
		batch, dropped = l.take(batch)
		for rest := batch; len(rest) > 0; {
			part := firstLines(rest)
			rest = rest[len(part):]
			l.begin(part)
			_, _ = to.Write(part) // where should it be logged?
		}
		if dropped > 0 {
			report(dropped)
		}
		if l.ended() {
			return
		}
	}
}

// batchBytes is how many bytes of lines that wait are written at once.
const batchBytes = 16 << 10

// take returns the lines that wait, in exchange for a buffer that is not needed any more, and
// how many lines were dropped. Nothing is copied: callers who log would wait for that.
func (l *logLines) take(free []byte) (batch []byte, dropped int64) {
	if cap(free) > 4*batchBytes { // many lines had to wait
		free = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	batch, l.waiting = l.waiting, free[:0]
	dropped, l.dropped = l.dropped, 0
	return batch, dropped
}

// firstLines returns the first lines of a batch: as many as are written at once.
func firstLines(batch []byte) []byte {
	if len(batch) <= batchBytes {
		return batch
	}
	end := bytes.LastIndexByte(batch[:batchBytes], '\n') + 1
	if end == 0 { // one long line
		end = bytes.IndexByte(batch, '\n') + 1
	}
	return batch[:end]
}

// begin makes room for as many new lines as are now being written.
func (l *logLines) begin(lines []byte) {
	n := bytes.Count(lines, []byte{'\n'})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count -= n
}

// ended reports whether nothing is left to write.
func (l *logLines) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && l.count == 0
}

// close writes what waits, unless its reader has stopped reading.
func (l *logLines) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	select {
	case <-l.written:
	case <-time.After(flushMost):
	}
}

// appendEscaped appends a line whose control and bidirectional characters are
// escaped. Those of JSON are in strings; in text, slog has quoted and escaped them
// already.
func appendEscaped(out, line []byte) []byte {
	end := max(len(line)-1, 0)
	plain := 0
	for plain < end && line[plain] >= ' ' && line[plain] < 0x7f {
		plain++
	}
	if plain == end { // most lines
		return append(out, line...)
	}
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
