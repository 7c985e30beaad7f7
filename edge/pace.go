package edge

import (
	"io"
	"net/http"
	"time"
)

const (
	// paceBytes is how many bytes per second a client must read, in addition to the time
	// for which it may let the server wait.
	paceBytes = 32 << 10
	// pieceBytes is how many bytes are written before the client's pace is checked again.
	pieceBytes = 64 << 10
)

// Pace limits how long a client may let the server wait while it reads an answer: slack in
// total, in addition to one second for each 32 KiB. Time in which the server has nothing
// to write gives the slack back, so a stream may continue for as long as its client reads.
//
// After a request has arrived completely, the time limit for sending it no longer applies.
func Pace(slack time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			conn, _ := r.Context().Value(connectionKey{}).(*connection)
			if conn == nil { // not on a server of this package, as in a test
				conn = &connection{all: &Connections{}}
			}
			paced := &pacedWriter{
				ResponseWriter: w, control: *http.NewResponseController(w), conn: conn,
				slack: slack, left: slack, streams: r.ProtoMajor > 1, returned: start,
			}
			if setting := conn.begins(paced.streams); setting != "" {
				conn.all.refuseStream(w, &paced.control, setting)
				return
			}
			if paced.streams {
				_ = paced.control.SetWriteDeadline(time.Time{})
			}
			if r.Body == nil || r.Body == http.NoBody {
				// This fails only for a writer without a connection, as in a test.
				_ = paced.control.SetReadDeadline(time.Time{})
			} else {
				r = ownRequest(r)
				paced.body = watchedBody{ReadCloser: r.Body, conn: conn, control: &paced.control, since: start, stream: paced.streams}
				r.Body = &paced.body
			}
			defer paced.finish()
			next.ServeHTTP(paced, r)
		})
	}
}

// A watchedBody notes when its request waits for the client to send.
type watchedBody struct {
	io.ReadCloser
	conn    *connection
	control *http.ResponseController
	since   time.Time
	stream  bool // of HTTP/2
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.conn.waitsForBody(b)
	n, err := b.ReadCloser.Read(p)
	b.conn.hasRead(b)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
