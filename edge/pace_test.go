package edge

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestClientThatDoesNotRead asks for more than the buffers of the connection hold, and
// reads nothing: the server stops sending.
func TestClientThatDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})
	server := httptest.NewServer(Pace(50 * time.Millisecond)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// In the server, the answer also goes through the writer of the log.
		endless.ServeHTTP(&statusWriter{ResponseWriter: w}, r)
	})))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("writing ended with %v, want the deadline", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the server holds on to a client that does not read")
	}
}

// A deadlines records the write deadlines of an answer that has no connection.
type deadlines struct {
	*httptest.ResponseRecorder
	lasts []time.Duration
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.lasts = append(d.lasts, time.Until(at))
	return nil
}

// TestPaceOfStreams writes an answer piece by piece: each piece has its own time, for as
// long as the client reads.
func TestPaceOfStreams(t *testing.T) {
	const slack = time.Hour
	recorded := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	Pace(slack)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = w.Write(make([]byte, 2*pieceBytes+1))
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})).ServeHTTP(recorded, httptest.NewRequest(http.MethodGet, "/", nil))
	if want := 3*(3+1) + 1; len(recorded.lasts) != want {
		t.Fatalf("got %d deadlines, want %d: one for each piece and flush, and one for the end", len(recorded.lasts), want)
	}
	for _, last := range recorded.lasts {
		if last < slack-time.Minute || last > slack+pieceBytes/paceBytes*time.Second {
			t.Errorf("got the time %v, want the slack and what the piece needs", last)
		}
	}
	if recorded.Body.Len() != 3*(2*pieceBytes+1) {
		t.Errorf("got %d bytes", recorded.Body.Len())
	}
}
