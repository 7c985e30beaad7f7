package edge

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// compressFrom is the smallest answer that is worth compressing, in bytes.
	compressFrom = 1024
	// jitter is how many random bytes at most hide the exact length of a
	// compressed answer, so that it reveals no secret that is next to a value
	// chosen by a caller (BREACH).
	jitter = 32
)

// Compress compresses answers for clients that accept gzip. Streams of events
// pass as they are.
func Compress() Guard {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(compressFrom),
		gzhttp.EnableZstd(false),
		gzhttp.ExceptContentTypes([]string{"text/event-stream", "image/png"}),
		gzhttp.RandomJitter(jitter, 0, false),
	)
	if err != nil {
		panic("edge: gzip options: " + err.Error()) // the options are constants
	}
	return func(next http.Handler) http.Handler {
		compressing := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if accepted := r.Header.Values("Accept-Encoding"); len(accepted) > 0 {
				if prefersGzip(accepted) {
					r.Header.Set("Accept-Encoding", "gzip")
				} else {
					r.Header.Del("Accept-Encoding")
				}
			}
			compressing.ServeHTTP(w, r)
		})
	}
}

// prefersGzip tells whether gzip is accepted, and at least as welcome as an
// answer as it is (RFC 9110, section 12.5.3). gzhttp does not know * and does
// not compare.
func prefersGzip(accepted []string) bool {
	quality := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		coding, options, _ := strings.Cut(part, ";")
		q := 1.0
		if _, value, found := strings.Cut(strings.ToLower(options), "q="); found {
			q, _ = strconv.ParseFloat(strings.TrimSpace(value), 64) // 0 for what is no number
		}
		quality[strings.ToLower(strings.TrimSpace(coding))] = q
	}
	gzip, named := quality["gzip"]
	if !named {
		gzip = quality["*"]
	}
	return gzip > 0 && gzip >= quality["identity"]
}
