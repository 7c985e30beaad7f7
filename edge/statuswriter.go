package edge

import (
	"bufio"
	"net"
	"net/http"
)

// A statusWriter remembers the status of an answer. Unwrap allows
// [http.ResponseController] to set deadlines through it. Writers on top of it call Flush
// and Hijack directly.
type statusWriter struct {
	http.ResponseWriter
	status int
	begun  bool // something was sent, or the connection was taken over
}

func (w *statusWriter) WriteHeader(status int) {
	w.status, w.begun = status, true
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is buffered.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack takes over the connection.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
