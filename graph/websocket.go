package graph

import (
	"crypto/sha1" //nolint:gosec // the handshake of WebSockets
	"encoding/base64"
	"net"
	"net/http"
	"strings"

	"dialogs/api"
	"dialogs/budget"
)

// subprotocol is the only supported WebSocket subprotocol:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
const subprotocol = "graphql-transport-ws"

// overWebSocket serves operations over WebSockets.
type overWebSocket struct {
	*streamer
	requests *budget.Requests
	wires    *wires
}

// Supports reports whether the request asks for a WebSocket.
func (overWebSocket) Supports(r *http.Request) bool {
	return hasToken(r.Header, "Upgrade", "websocket")
}

// Do serves one connection until it ends.
func (t overWebSocket) Do(w http.ResponseWriter, r *http.Request, run *runner) {
	if refusal := unfitUpgrade(r); refusal != nil {
		if refusal.Status == http.StatusUpgradeRequired {
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		Refuse(w, r, refusal)
		return
	}
	if api.IsStopping(r.Context()) {
		Refuse(w, r, stoppingRefusal())
		return
	}
	conn, early, err := upgrade(w, r)
	if err != nil { // the client has gone
		api.NoteReason(r.Context(), "the upgrade to a WebSocket failed: "+err.Error())
		return
	}
	s := &socket{
		overWebSocket: t, runner: run, upgrade: r.Header, wire: t.wires.wire(conn, early),
		foreign: w.Header().Get("Sec-WebSocket-Protocol") == "",
	}
	api.Detach(r.Context(), s.serve)
}

// upgrade takes over the connection of a valid request. early is what the client has
// already sent after it. The answer names our subprotocol, or none if the client does not
// offer it.
func upgrade(w http.ResponseWriter, r *http.Request) (conn net.Conn, early []byte, err error) {
	h := w.Header()
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	accept := sha1.Sum([]byte(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")) + acceptSuffix)) //nolint:gosec // the protocol's, and not for security
	h.Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(accept[:]))
	if hasToken(r.Header, "Sec-WebSocket-Protocol", subprotocol) {
		h.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffers, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err = buffers.Peek(buffers.Reader.Buffered())
	return conn, early, err
}

// acceptSuffix is a constant from RFC 6455.
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// unfitUpgrade returns what is wrong with a request for a WebSocket; nil if it is valid.
func unfitUpgrade(r *http.Request) *api.Refusal {
	refusal := &api.Refusal{Code: api.BadUserInput}
	keys := r.Header.Values("Sec-WebSocket-Key")
	switch {
	case r.Method != http.MethodGet:
		refusal.Message = "a WebSocket must be opened with a GET request"
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1 || !hasToken(r.Header, "Connection", "Upgrade"):
		refusal.Message = "a WebSocket must be opened over HTTP/1.1 with the headers Connection: Upgrade and Upgrade: websocket"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		refusal.Status, refusal.Message = http.StatusUpgradeRequired, "Sec-WebSocket-Version must be 13"
	case len(keys) != 1 || !isNonce(keys[0]):
		refusal.Message = "Sec-WebSocket-Key must be 16 bytes in base64"
	default:
		return nil
	}
	return refusal
}

func isNonce(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
	return err == nil && len(nonce) == 16
}

// hasToken reports whether a header contains the token, in upper or lower case.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

func stoppingRefusal() *api.Refusal {
	return &api.Refusal{Code: api.Unavailable, Message: "the server is stopping: connect again", RetryAfter: retryConnecting}
}
