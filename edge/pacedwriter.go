package edge

import (
	"net/http"
	"time"
)

// A pacedWriter sets a deadline for each piece of an answer.
type pacedWriter struct {
	http.ResponseWriter
	control http.ResponseController
	conn    *connection
	body    watchedBody // of the request; part of the writer to allocate both at once
	// streams means that the connection can have several streams at the same time
	// (HTTP/2).
	streams bool

	// slack is the longest time by which the client may be late, and left is what remains
	// of it.
	slack, left time.Duration
	// began is when the first piece was written, and returned is when writing the last one
	// ended.
	began, returned time.Time
	// buffered is how many bytes of the answer net/http has kept so far; bufferedBytes if it
	// may have sent some.
	buffered int
}

// Unwrap allows [http.ResponseController] to hijack the connection and set deadlines.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// streamBuffer is how many bytes the operating system buffers for the client of an event
// stream, as for a WebSocket; Linux doubles it. The default is up to 4 MB: clients that do
// not read would be noticed late, and many of them would take a lot of memory.
const streamBuffer = 64 << 10

// WriteHeader limits the operating system's buffer if the answer is an event stream.
func (w *pacedWriter) WriteHeader(status int) {
	if isEventStream(w.Header()) {
		_ = w.conn.SetWriteBuffer(streamBuffer) // if that fails, a stuck client is noticed later
	}
	w.ResponseWriter.WriteHeader(status)
}

// bufferedBytes is up to how many bytes of an answer net/http sends nothing before it is
// complete. The client cannot let the server wait for these.
const bufferedBytes = 2 << 10

func (w *pacedWriter) Write(p []byte) (int, error) {
	if w.buffered+len(p) <= bufferedBytes {
		w.buffered += len(p)
		return w.ResponseWriter.Write(p)
	}
	w.buffered = bufferedBytes
	written := 0
	for {
		piece := p[written:min(len(p), written+pieceBytes)]
		err := w.timed(len(piece), func() error {
			n, err := w.ResponseWriter.Write(piece)
			written += n
			return err
		})
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// FlushError sends what is buffered.
func (w *pacedWriter) FlushError() error {
	w.buffered = bufferedBytes
	return w.timed(0, w.control.Flush)
}

// timed calls write, which writes this many bytes, with a deadline, and subtracts the time
// beyond the pace from what is left.
func (w *pacedWriter) timed(bytes int, write func() error) error {
	start := time.Now()
	w.left = min(w.slack, w.left+start.Sub(w.returned))
	if w.began.IsZero() {
		w.began = start
	}
	needed := time.Duration(bytes) * time.Second / paceBytes
	_ = w.control.SetWriteDeadline(start.Add(w.left + needed))
	w.conn.waits(w.began)
	err := write()
	w.conn.goesOn()
	if w.streams { // a deadline in the past resets a stream of HTTP/2, even if it does not write
		_ = w.control.SetWriteDeadline(time.Time{})
	}
	w.returned = time.Now()
	w.left = min(w.slack, w.left+needed-w.returned.Sub(start))
	return err
}

// finish gives the client slack for everything that is still buffered. From now on, a
// connection without streams only waits for its client.
func (w *pacedWriter) finish() {
	if w.conn.isUpgraded() { // a WebSocket sets its own deadlines
		return
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(w.slack))
	if w.streams {
		w.conn.ends()
		return
	}
	w.conn.waits(time.Now())
}
