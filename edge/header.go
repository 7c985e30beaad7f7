package edge

import (
	"fmt"
	"net/http"

	"dialogs/api"
)

// headersRead is how many times the limit of a header is read before the server closes the
// connection without an explanation. Up to that size, [HeaderLimit] refuses a header with
// an explanation.
const headersRead = 4

// HeaderLimit refuses requests whose header, including the request line, has more bytes
// than the limit.
func HeaderLimit(limit int, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			size := headerSize(r)
			if size <= limit {
				next.ServeHTTP(w, r)
				return
			}
			refuse(w, r, &api.Refusal{
				Code: api.BadUserInput, Status: http.StatusRequestHeaderFieldsTooLarge,
				Message: fmt.Sprintf("the request header is too large: %d bytes (limit %d, --limit-headers)", size, limit),
			})
		})
	}
}

// headerSize returns how many bytes the request's header has as HTTP/1.1, with one space
// after each colon.
func headerSize(r *http.Request) int {
	const line, field = len("  \r\n"), len(": \r\n")
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + line + len("Host: \r\n") + len(r.Host) + len("\r\n")
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + field
		}
	}
	return size
}
