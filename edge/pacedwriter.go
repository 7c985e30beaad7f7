package edge

import (
	"net/http"
	"time"
)

// A pacedWriter gives each piece of an answer a deadline.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	conn    *connection
	// streams says that one connection has many streams (HTTP/2).
	streams bool

	// slack is the longest that the client may be late, and left what it has
	// of that.
	slack, left time.Duration
	// began is when the first piece was written, and returned when the last
	// was.
	began, returned time.Time
}

// Unwrap lets [http.ResponseController] hijack and set deadlines.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// streamBuffer is what the system keeps for the client of an event stream, which Linux
// doubles: as for a WebSocket. By default it is up to 4 MB, so that clients that do not read
// would be noticed late, and many of them would take much memory.
const streamBuffer = 64 << 10

// WriteHeader limits what the system keeps if the answer is an event stream.
func (w *pacedWriter) WriteHeader(status int) {
	if isEventStream(w.Header()) {
		_ = w.conn.SetWriteBuffer(streamBuffer) // without it, a stuck client is noticed later
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *pacedWriter) Write(p []byte) (int, error) {
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
	return w.timed(0, w.control.Flush)
}

// timed writes so many bytes within the client's time, and counts what it took
// beyond the pace.
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
	if w.streams { // a deadline that passes resets a stream of HTTP/2, whether it writes or not
		_ = w.control.SetWriteDeadline(time.Time{})
	}
	w.returned = time.Now()
	w.left = min(w.slack, w.left+needed-w.returned.Sub(start))
	return err
}

// finish leaves the client the rest of its time for what is still buffered.
// From here on a connection without streams waits for its client alone.
func (w *pacedWriter) finish() {
	if w.conn.isUpgraded() { // a WebSocket has deadlines of its own
		return
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(w.slack))
	if w.streams {
		w.conn.ends()
		return
	}
	w.conn.waits(time.Now())
}
