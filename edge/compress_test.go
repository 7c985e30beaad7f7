package edge_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
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
