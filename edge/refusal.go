package edge

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"dialogs/api"
)

// retryConnecting is how long a client that was refused a connection is told to wait.
const retryConnecting = time.Second

// refuse answers a connection for which there is no room, and closes it. The answer is
// sent before the request is read, so it has the same form for all APIs.
func (c *Connections) refuse(conn net.Conn, setting string, secure bool) {
	select {
	case c.refusals <- struct{}{}:
	default:
		_ = conn.Close()
		return
	}
	go func() {
		defer func() { _ = conn.Close(); <-c.refusals }()
		if secure {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(retryConnecting))
		if _, err := io.WriteString(conn, writtenRefusal(setting)); err != nil {
			return
		}
		// If the connection were closed while the request arrives, it would be reset
		// before the client has read the answer.
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, conn, 64<<10)
		}
	}()
}

// refuseStream answers a stream of HTTP/2 for which there is no room. Only a few are
// answered at the same time; others are just reset, because their clients might not read
// an answer.
func (c *Connections) refuseStream(w http.ResponseWriter, control *http.ResponseController, setting string) {
	select {
	case c.refusals <- struct{}{}:
	default:
		panic(http.ErrAbortHandler) // resets the stream and logs nothing
	}
	defer func() { <-c.refusals }()
	_ = control.SetReadDeadline(time.Now())
	_ = control.SetWriteDeadline(time.Now().Add(retryConnecting))
	refusal, body := refusalOf(setting)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Retry-After", strconv.Itoa(refusal.RetrySeconds()))
	w.WriteHeader(refusal.HTTPStatus())
	_, _ = w.Write(body) //nolint:gosec // JSON of constants
	_ = control.Flush()  // within the deadline, as long as the place is taken
}

// refusalOf returns the refusal and the body of its answer.
func refusalOf(setting string) (*api.Refusal, []byte) {
	refusal := &api.Refusal{
		Code: api.Unavailable, RetryAfter: retryConnecting,
		Message: "too many connections: try again in 1 s (limit " + setting + ")",
	}
	body, err := api.MarshalPlain(map[string]any{"errors": []any{map[string]any{
		"message":    refusal.Message,
		"extensions": map[string]any{"code": refusal.Code, "status": refusal.HTTPStatus(), "retryAfter": refusal.RetrySeconds()},
	}}})
	if err != nil {
		panic("edge: encoding a refusal: " + err.Error()) // of plain values
	}
	return refusal, body
}

// writtenRefusal returns the whole answer in HTTP/1.1.
func writtenRefusal(setting string) string {
	refusal, body := refusalOf(setting)
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nRetry-After: %d\r\nConnection: close\r\n\r\n%s",
		refusal.HTTPStatus(), http.StatusText(refusal.HTTPStatus()), len(body), refusal.RetrySeconds(), body)
}
