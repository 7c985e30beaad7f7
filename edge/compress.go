package edge

import (
	"net/http"

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
	return func(next http.Handler) http.Handler { return wrap(next) }
}
