package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// ReadBody reads the whole body of a request. It is a [Refusal] when the body
// has more bytes than the limit, arrives too slowly or breaks off.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &tooLarge):
		return nil, &Refusal{
			Code: BadUserInput, Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("the request body is too large (limit %d bytes, --limit-body)", limit),
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &Refusal{
			Code: BadUserInput, Status: http.StatusRequestTimeout,
			Message: "the request body took too long to arrive (limit: --read-timeout)",
		}
	}
	return nil, &Refusal{Code: BadUserInput, Message: "the request body could not be read: send it again"}
}
