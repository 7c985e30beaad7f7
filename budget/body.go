package budget

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"dialogs/api"
	"dialogs/dialog"
)

// valueBytes is how many bytes a decoded value takes at most in addition to its text. A
// value is an element of a list or an entry of a map, before and after coercion.
const valueBytes = 256

// Requests limits the memory that requests take before they are executed: their bodies
// while they are read, and the values that are decoded from them.
type Requests struct {
	limits         Limits
	bodies, values *pool
	// reading limits how many requests are decoded, or their documents prepared, at the
	// same time. Small ones do not need it.
	reading *Lane
}

// NewRequests makes Requests with these limits.
func NewRequests(l Limits) *Requests {
	return &Requests{
		limits:  l,
		bodies:  newPool("memory-requests", l.Requests, l.Requests/2, freeBody, 0),
		values:  newPool("memory-requests", l.Requests, l.Requests/2, freeValues, 0),
		reading: newReading(),
	}
}

// A Body is the body of a request. It must be closed when the request has been answered.
type Body struct {
	// Bytes is the content. It is nil after [Body.Decode].
	Bytes []byte

	requests     *Requests
	caller       dialog.Caller
	raw, decoded loan
}

func (q *Requests) body(c dialog.Caller) *Body {
	who := c.Actor()
	return &Body{requests: q, caller: c, raw: *q.bodies.loan(who), decoded: *q.values.loan(who)}
}

// Read reads the body of a caller's request. It waits while other requests take all the
// memory, at most until the request's deadline. Its errors are [api.Refusal]s.
func (q *Requests) Read(w http.ResponseWriter, r *http.Request, c dialog.Caller) (*Body, error) {
	limit, text := q.limits.Body, "the request body is too large (limit %d bytes, --limit-body)"
	if c.Kind() == dialog.Anonymous && q.limits.AnonymousBody < limit {
		limit, text = q.limits.AnonymousBody, "the request body is too large without credentials (limit %d bytes, --limit-body-anonymous)"
	}
	tooLarge := func() error {
		return &api.Refusal{Code: api.BadUserInput, Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf(text, limit)}
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // instead of reading the rest
		return nil, tooLarge()
	}
	b := q.body(c)
	expected := r.ContentLength
	if expected < 0 {
		expected = limit
	}
	if err := b.raw.grow(r.Context(), expected); err != nil {
		return nil, err
	}
	content, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	if err != nil {
		b.Close()
		var beyond *http.MaxBytesError
		switch {
		case errors.As(err, &beyond):
			return nil, tooLarge()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &api.Refusal{
				Code: api.BadUserInput, Status: http.StatusRequestTimeout,
				Message: "the request body took too long to arrive (limit: --read-timeout)",
			}
		}
		return nil, &api.Refusal{Code: api.BadUserInput, Message: "the request body could not be read: send it again"}
	}
	b.Bytes = content
	b.raw.shrink(int64(len(content)))
	return b, nil
}

// ErrMessageTooLarge means that a message of a stream is larger than the limit of a
// request body.
var ErrMessageTooLarge = errors.New("the message is too large")

// ReadMessage reads a message of a caller's stream. Its limit is that of a request body
// ([Requests.Largest]). Messages of an ordinary size are not counted; for larger ones, it
// waits like [Requests.Read]. Its errors are [ErrMessageTooLarge], [api.Refusal]s and
// those of reading.
func (q *Requests) ReadMessage(ctx context.Context, r io.Reader, c dialog.Caller) (*Body, error) {
	limit, _ := q.Largest(c)
	b := q.body(c)
	first, err := io.ReadAll(io.LimitReader(r, freeBody))
	if err == nil && len(first) == freeBody {
		if err = b.raw.grow(ctx, limit); err == nil {
			var rest []byte
			rest, err = io.ReadAll(io.LimitReader(r, limit-freeBody+1))
			first = append(first, rest...)
		}
	}
	if err == nil && int64(len(first)) > limit {
		err = ErrMessageTooLarge
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	b.Bytes = first
	b.raw.shrink(int64(len(first)))
	return b, nil
}

// Largest returns the limit of a caller's request body in bytes, and the flag that sets
// it.
func (q *Requests) Largest(c dialog.Caller) (bytes int64, setting string) {
	if c.Kind() == dialog.Anonymous && q.limits.AnonymousBody < q.limits.Body {
		return q.limits.AnonymousBody, "--limit-body-anonymous"
	}
	return q.limits.Body, "--limit-body"
}

// readAll reads a body of a known length into a buffer of that length. For an unknown
// length, pass -1.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(r)
	}
	content := make([]byte, length)
	_, err := io.ReadFull(r, content)
	return content, err
}

// Decode decodes the body with a function that makes at most the given number of values,
// and then frees the content. It waits like [Requests.Read].
func (b *Body) Decode(ctx context.Context, values int, decode func(content []byte) error) error {
	if err := b.decoded.grow(ctx, int64(len(b.Bytes)+values*valueBytes)); err != nil {
		return err
	}
	leave, err := b.requests.Reading(ctx, b.caller, len(b.Bytes))
	if err != nil {
		return err
	}
	defer leave()
	err = decode(b.Bytes)
	b.Bytes = nil
	b.raw.shrink(0)
	return err
}

// Reading waits for a turn to process this many bytes of a caller's request, at most until
// ctx ends. Call the returned function when that is done. Up to [SmallBytes] (4 KiB), it
// does not wait. Its errors are [api.Refusal]s.
func (q *Requests) Reading(ctx context.Context, c dialog.Caller, size int) (done func(), err error) {
	if size <= SmallBytes {
		return func() {}, nil
	}
	return q.reading.Enter(ctx, c)
}

// DecodeJSON is like [Body.Decode], for a body of JSON. It counts the values itself.
func (b *Body) DecodeJSON(ctx context.Context, decode func(content []byte) error) error {
	values, err := b.requests.CountJSON(b.Bytes)
	if err != nil {
		return err
	}
	return b.Decode(ctx, values, decode)
}

// Close frees the memory of the body. It does nothing for a nil Body.
func (b *Body) Close() {
	if b != nil {
		b.raw.release()
		b.decoded.release()
	}
}

// Values returns the limit of values in a request.
func (q *Requests) Values() int { return q.limits.Values }

// CountJSON returns an upper bound of the number of values in a JSON text, without
// decoding it. If there are too many, or if they are nested too deep, it returns an
// [api.Refusal]. It does not detect malformed JSON; the decoder does.
func (q *Requests) CountJSON(text []byte) (int, error) {
	values, depth := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringLength(text[i+1:])
			continue
		case ',':
			values++
		case '[', '{':
			values++
			depth++
		case ']', '}':
			depth--
		default:
			continue
		}
		if depth > q.limits.Nesting {
			return 0, refused("the JSON of the request is nested too deep (limit %d levels, --limit-nesting)", q.limits.Nesting)
		}
		if values > q.limits.Values {
			return 0, q.tooMany()
		}
	}
	return values, nil
}

// stringLength returns how many bytes of a JSON text belong to the string that it starts
// within, including the closing quotation mark.
func stringLength(text []byte) int {
	at := 0
	for {
		next := bytes.IndexAny(text[at:], `"\`)
		if next < 0 {
			return len(text)
		}
		at += next + 1
		if text[at-1] == '"' {
			return at
		}
		at = min(at+1, len(text)) // an escape
	}
}

// CountSeparators returns how many values a form has, each of which ends at a separator.
// Too many are an [api.Refusal].
func (q *Requests) CountSeparators(text []byte, separator string) (int, error) {
	values := bytes.Count(text, []byte(separator)) + 1
	if values > q.limits.Values {
		return 0, q.tooMany()
	}
	return values, nil
}

func (q *Requests) tooMany() error {
	return refused("the request has too many values (limit %d, --limit-values): send several requests", q.limits.Values)
}

func refused(format string, args ...any) error {
	return &api.Refusal{Code: api.BadUserInput, Message: fmt.Sprintf(format, args...)}
}
