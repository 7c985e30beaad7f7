package edge

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// compressFrom is from how many bytes on an answer is compressed.
	compressFrom = 1024
	// jitter is the maximum number of random bytes that hide the exact length of a
	// compressed answer. Otherwise, the length could reveal a secret that is next to a
	// value which a caller has chosen (BREACH).
	jitter = 32
	// mostCompressed is how many answers are compressed at the same time. Each of them
	// takes 1.1 MB until its client has read it.
	mostCompressed = 8
	// eventStream is the media type of answers that may last for hours.
	eventStream = "text/event-stream"
)

// isEventStream reports whether an answer is an event stream.
func isEventStream(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), eventStream)
}

// Compress compresses answers for clients that accept gzip, but not event streams. While 8
// answers are already being compressed, it does not compress others: with slow clients,
// they would use up the memory.
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
			if !prefersGzip(r.Header.Values("Accept-Encoding")) {
				varyByEncoding(w.Header())
				next.ServeHTTP(w, r)
				return
			}
			r.Header.Set("Accept-Encoding", "gzip")
			p := &place{among: places}
			defer p.leave()
			compressing.ServeHTTP(w, with(r, context.WithValue(contextOf(r), placeKey{}, p)))
		})
	}
}

// byEncoding is a value of a header. It is shared by all answers, and must not be changed.
var byEncoding = []string{"Accept-Encoding"}

// varyByEncoding says that an answer depends on Accept-Encoding.
func varyByEncoding(h http.Header) {
	if _, others := h["Vary"]; others {
		h.Add("Vary", byEncoding[0])
		return
	}
	h["Vary"] = byEncoding[:1:1] // without room, so that others are added to a copy
}

// prefersGzip reports whether the client accepts gzip, and prefers it to or accepts it as
// much as an uncompressed answer (RFC 9110, section 12.5.3). gzhttp does not know * and
// does not compare.
func prefersGzip(accepted []string) bool {
	if len(accepted) == 0 {
		return false
	}
	quality := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		coding, options, _ := strings.Cut(part, ";")
		q := 1.0
		if _, value, found := strings.Cut(strings.ToLower(options), "q="); found {
			q, _ = strconv.ParseFloat(strings.TrimSpace(value), 64) // 0 if it is not a number
		}
		quality[strings.ToLower(strings.TrimSpace(coding))] = q
	}
	gzip, named := quality["gzip"]
	if !named {
		gzip = quality["*"]
	}
	return gzip > 0 && gzip >= quality["identity"]
}
