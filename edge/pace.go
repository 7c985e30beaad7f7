package edge

import (
	"io"
	"net/http"
	"time"
)

const (
	// paceBytes is how many bytes a client must take in a second, beyond the
	// time that it may let the server wait.
	paceBytes = 32 << 10
	// pieceBytes is how much is written before the client's pace is judged
	// again.
	pieceBytes = 64 << 10
)

// Pace bounds how long the clients of every request may let the server wait when
// they read an answer: by slack in all, beyond what reading takes at 32 KiB per
// second. Time in which the server has nothing to write gives the slack back, so
// that a stream may continue for as long as its client reads.
//
// A request that has arrived is no longer held to the time for sending it.
func Pace(slack time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _ := r.Context().Value(connectionKey{}).(*connection)
			if conn == nil { // no server of this package, as in a test
				conn = &connection{all: &Connections{}}
			}
			paced := &pacedWriter{
				ResponseWriter: w, control: http.NewResponseController(w), conn: conn,
				slack: slack, left: slack, streams: r.ProtoMajor > 1, returned: time.Now(),
			}
			if setting := conn.begins(paced.streams); setting != "" {
				conn.all.refuseStream(w, paced.control, setting)
				return
			}
			if paced.streams {
				_ = paced.control.SetWriteDeadline(time.Time{})
			}
			if r.Body == nil || r.Body == http.NoBody {
				// Only a writer without a connection, as in a test, refuses this.
				_ = paced.control.SetReadDeadline(time.Time{})
			} else {
				// net/http looks at the body of its own request when the answer
				// comes before the body has: it must stay.
				own := *r
				r = &own
				r.Body = &watchedBody{ReadCloser: r.Body, conn: conn, control: paced.control, since: time.Now()}
			}
			defer paced.finish()
			next.ServeHTTP(paced, r)
		})
	}
}

// A watchedBody says when its request waits for the client to send.
type watchedBody struct {
	io.ReadCloser
	conn    *connection
	control *http.ResponseController
	since   time.Time
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.conn.waits(b.since)
	n, err := b.ReadCloser.Read(p)
	b.conn.goesOn()
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

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
