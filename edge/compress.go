package edge

import (
	"context"
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
	// mostCompressed is how many answers are compressed at a time. Each takes
	// 1.1 MB until its client has read it.
	mostCompressed = 8
	// eventStream is the type of answers that may last for hours.
	eventStream = "text/event-stream"
)

// isEventStream tells whether an answer is a stream of events.
func isEventStream(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), eventStream)
}

// Compress compresses answers for clients that accept gzip. Streams of events
// pass as they are, and so do answers while many others are compressed: slow
// clients would fill the memory.
func Compress() Guard {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(compressFrom),
		gzhttp.EnableZstd(false),
		gzhttp.ExceptContentTypes([]string{eventStream, "image/png"}),
		gzhttp.RandomJitter(jitter, 0, false),
	)
	if err != nil {
		panic("edge: gzip options: " + err.Error()) // the options are constants
	}
	places := make(chan struct{}, mostCompressed)
	return func(next http.Handler) http.Handler {
		compressing := wrap(placing(next))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if accepted := r.Header.Values("Accept-Encoding"); len(accepted) > 0 {
				if prefersGzip(accepted) {
					r.Header.Set("Accept-Encoding", "gzip")
				} else {
					r.Header.Del("Accept-Encoding")
				}
			}
			p := &place{among: places}
			defer p.leave()
			compressing.ServeHTTP(w, with(r, context.WithValue(contextOf(r), placeKey{}, p)))
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
