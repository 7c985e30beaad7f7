package graph

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"dialogs/api"
	"dialogs/budget"
)

// subprotocol is the only one that WebSockets speak:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
const subprotocol = "graphql-transport-ws"

// overWebSocket serves operations over WebSockets.
type overWebSocket struct {
	*streamer
	requests *budget.Requests
}

// Supports tells whether the request asks for a WebSocket.
func (overWebSocket) Supports(r *http.Request) bool {
	return hasToken(r.Header, "Upgrade", "websocket")
}

// Do serves one connection until it ends.
func (t overWebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
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
	s := &socket{overWebSocket: t, exec: exec, upgrade: r.Header, operations: map[string]*operation{}}
	var err error
	s.ws, err = websocket.Accept(smallBuffers{w}, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol},
		// The guards have checked the origin.
		InsecureSkipVerify: true,
		OnPingReceived:     func(context.Context, []byte) bool { return api.Charge(s.context(), 1) == nil },
		OnPongReceived:     func(context.Context, []byte) { s.pinged.Store(false) },
	})
	if err != nil { // the client has gone
		api.NoteReason(r.Context(), "the upgrade to a WebSocket failed: "+err.Error())
		return
	}
	api.Detach(r.Context(), func(ctx context.Context) {
		s.above = ctx
		s.lasting, s.cancel = context.WithCancel(ctx)
		s.ctx = s.lasting
		s.serve()
		code, reason := s.ending()
		api.Note(ctx, slog.Int("close_code", int(code)), slog.Int("operations", s.begun))
		api.NoteReason(ctx, reason)
	})
}

// readBuffer and writeBuffer are how many bytes a connection keeps for what it reads
// and writes. net/http's buffers have 4096 each.
const (
	readBuffer  = 512
	writeBuffer = 1 << 10
)

// smallBuffers hands over connections with small buffers.
type smallBuffers struct{ http.ResponseWriter }

// Hijack takes over the connection.
func (w smallBuffers) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	read, err := buffers.Peek(buffers.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	small := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(slices.Clone(read)), conn), max(readBuffer, len(read)))
	if _, err := small.Peek(len(read)); err != nil {
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(small, bufio.NewWriterSize(conn, writeBuffer)), nil
}

// unfitUpgrade says what is wrong with a request for a WebSocket; nil if it is
// valid.
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

// hasToken tells whether a header lists the token, in any case.
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
