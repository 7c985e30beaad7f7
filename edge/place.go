package edge

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// A place is the right to compress one answer.
type place struct {
	among chan struct{}
	taken bool
}

type placeKey struct{}

// take takes the place, if one is free.
func (p *place) take() (ok bool) {
	select {
	case p.among <- struct{}{}:
		p.taken = true
	default:
	}
	return p.taken
}

func (p *place) leave() {
	if p.taken {
		<-p.among
	}
}

// placing wraps the handler inside of the compression, so that a place is taken when the
// answer begins.
func placing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := r.Context().Value(placeKey{}).(*place)
		switch w.(type) {
		case *gzhttp.GzipResponseWriter, gzhttp.GzipResponseWriterWithCloseNotify:
			w = &placedWriter{statusWriter: statusWriter{ResponseWriter: w}, place: p}
		}
		next.ServeHTTP(w, r)
	})
}

// A placedWriter takes a place when the answer begins. If none is free, it sets a header
// so that the answer is not compressed.
type placedWriter struct {
	statusWriter
	place *place
	begun bool
}

func (w *placedWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	h := w.Header()
	if h.Get("Content-Encoding") != "" || isEventStream(h) || !w.place.take() {
		h.Set(gzhttp.HeaderNoCompression, "1")
	}
}

// WriteHeader begins the answer.
func (w *placedWriter) WriteHeader(status int) {
	w.begin()
	w.statusWriter.WriteHeader(status)
}

func (w *placedWriter) Write(b []byte) (int, error) {
	w.begin()
	return w.statusWriter.Write(b)
}
