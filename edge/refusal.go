package edge

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"dialogs/api"
)

// retryConnecting is what a client without a connection is told to wait.
const retryConnecting = time.Second

// refuse answers a connection for which there is no room, and closes it. The
// answer comes before the request was read, so that it has one shape for all
// APIs.
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
		if _, err := io.WriteString(conn, refusalOf(setting)); err != nil {
			return
		}
		// Closing while the request arrives would reset the connection before
		// the client has read the answer.
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, conn, 64<<10)
		}
	}()
}

func refusalOf(setting string) string {
	refusal := api.Refusal{
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
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\nRetry-After: %d\r\nConnection: close\r\n\r\n%s",
		refusal.HTTPStatus(), http.StatusText(refusal.HTTPStatus()), len(body), refusal.RetrySeconds(), body)
}
