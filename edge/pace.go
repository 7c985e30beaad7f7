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
				r = ownRequest(r)
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
