package edge_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"dialogs/edge"
)

func TestCompress(t *testing.T) {
	long, short := bytes.Repeat([]byte("dialog "), 1000), []byte("short")
	for _, test := range []struct {
		reason, accepts, contentType string
		body                         []byte
		want                         string // the answer's Content-Encoding
	}{
		{"a long answer", "gzip", "application/json", long, "gzip"},
		{"a client that does not accept gzip", "", "application/json", long, ""},
		{"a client that refuses gzip", "gzip;q=0", "application/json", long, ""},
		{"a short answer", "gzip", "application/json", short, ""},
		{"a stream of events", "gzip", "text/event-stream", long, ""},
		{"a picture, which is compressed already", "gzip", "image/png", long, ""},
		{"only zstd", "zstd", "application/json", long, ""},
		{"among others", "br, GZIP;q=0.8, deflate", "application/json", long, "gzip"},
		{"whatever the server has", "*", "application/json", long, "gzip"},
		{"whatever but gzip", "gzip;q=0, *", "application/json", long, ""},
		{"nothing but identity", "*;q=0", "application/json", long, ""},
		{"rather as it is", "identity, gzip;q=0.5", "application/json", long, ""},
		{"rather compressed", "identity;q=0.5, gzip;q=1.0", "application/json", long, "gzip"},
		{"no preference", "identity, gzip", "application/json", long, "gzip"},
		{"a quality that is no number", "gzip;q=x", "application/json", long, ""},
	} {
		w := httptest.NewRecorder()
		edge.Compress()(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.contentType)
			_, _ = w.Write(test.body)
		})).ServeHTTP(w, request(http.MethodGet, "/", "Accept-Encoding", test.accepts))
		if got := w.Header().Get("Content-Encoding"); got != test.want {
			t.Errorf("%s: got Content-Encoding %q, want %q", test.reason, got, test.want)
		}
		var body io.Reader = w.Body
		if test.want == "gzip" {
			plain, err := gzip.NewReader(body)
			if err != nil {
				t.Errorf("%s: %v", test.reason, err)
				continue
			}
			body = plain
		}
		if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, test.body) {
			t.Errorf("%s: got %d bytes and error %v, want the %d bytes that were written", test.reason, len(got), err, len(test.body))
		}
	}
}

// TestCompressSome: each compressed answer takes a megabyte until its client has read it,
// so only a few are compressed at the same time.
func TestCompressSome(t *testing.T) {
	const readers = 20
	long := bytes.Repeat([]byte("dialog "), 1000)
	begun, read := make(chan struct{}), make(chan struct{})
	handler := edge.Compress()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		_, _ = w.Write(long)
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-read
		}
	}))
	get := func(path, contentType string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request(http.MethodGet, path, "Accept-Encoding", "gzip", "Accept", contentType))
		return w
	}
	var all sync.WaitGroup
	slow := func(contentType string) {
		all.Go(func() { get("/slow", contentType) })
		<-begun
	}
	for range readers {
		slow("text/event-stream; charset=utf-8") // an event stream does not count
	}
	for range readers / 2 {
		slow("application/json")
	}
	w := get("/", "application/json")
	if w.Header().Get("Content-Encoding") != "" || w.Header().Get("No-Gzip-Compression") != "" || !bytes.Equal(w.Body.Bytes(), long) {
		t.Errorf("an answer beside many: got %d bytes with %v, want it as it is", w.Body.Len(), w.Header())
	}
	close(read)
	all.Wait()
	if w := get("/", "application/json"); w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("an answer after many: got %v, want gzip", w.Header())
	}
}
