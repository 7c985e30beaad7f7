package graph_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"dialogs/graph"
)

// A raw client sends any frames.
type raw struct {
	testing.TB
	conn net.Conn
	read *bufio.Reader
}

// dialRaw upgrades a connection. early is sent directly after the request.
func (s *streaming) dialRaw(early []byte) *raw {
	s.Helper()
	address := strings.TrimPrefix(strings.TrimPrefix(s.server.URL, "https://"), "http://")
	conn, err := new(net.Dialer).DialContext(s.Context(), "tcp", address)
	if err != nil {
		s.Fatal(err)
	}
	if s.server.TLS != nil {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	s.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.Fatal(err)
	}
	upgrade := "GET / HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-ws, graphql-transport-ws\r\n\r\n"
	c := &raw{s, conn, bufio.NewReader(conn)}
	c.write(append([]byte(upgrade), early...))
	response, err := http.ReadResponse(c.read, nil)
	if err != nil {
		s.Fatal(err)
	}
	_ = response.Body.Close()
	if accept := response.Header.Get("Sec-WebSocket-Accept"); response.StatusCode != http.StatusSwitchingProtocols || accept != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		s.Fatalf("got status %d and accept %q", response.StatusCode, accept)
	}
	return c
}

func (c *raw) write(text []byte) {
	c.Helper()
	if _, err := c.conn.Write(text); err != nil {
		c.Fatal(err)
	}
}

func masked(op ws.OpCode, fin bool, text string) []byte {
	return ws.MustCompileFrame(ws.MaskFrameWith(ws.NewFrame(op, fin, []byte(text)), [4]byte{1, 2, 3, 4}))
}

// gets expects a frame, in whose payload … stands for any text. The payload of a close
// frame is its code and reason.
func (c *raw) gets(op ws.OpCode, want string) {
	c.Helper()
	h, err := ws.ReadHeader(c.read)
	if err != nil {
		c.Fatalf("%v, want %s", err, want)
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(c.read, payload); err != nil {
		c.Fatal(err)
	}
	got := string(payload)
	if op == ws.OpClose && len(payload) >= 2 {
		got = strings.TrimSpace(fmt.Sprint(binary.BigEndian.Uint16(payload), " ", string(payload[2:])))
	}
	if h.OpCode != op || !matches(got, want) {
		c.Fatalf("got frame %v with %q, want %v with %q", h.OpCode, got, op, want)
	}
}

// TestFrames checks the rules of RFC 6455 for the frames of a client.
func TestFrames(t *testing.T) {
	text := func(s string) []byte { return masked(ws.OpText, true, s) }
	closing := func(code ws.StatusCode, reason string) []byte {
		return masked(ws.OpClose, true, string(ws.NewCloseFrameBody(code, reason)))
	}
	for _, test := range []struct {
		reason string
		sent   [][]byte
		op     ws.OpCode
		want   string
	}{
		{"a ping", [][]byte{masked(ws.OpPing, true, "abc")}, ws.OpPong, "abc"},
		{"a pong that nobody asked for", [][]byte{masked(ws.OpPong, true, "abc"), text(`{"type":"ping"}`)}, ws.OpText, `{"type":"pong"}`},
		{"a message in pieces", [][]byte{masked(ws.OpText, false, `{"type":`), masked(ws.OpContinuation, false, ``), masked(ws.OpContinuation, true, `"ping"}`)}, ws.OpText, `{"type":"pong"}`},
		{"a ping between the pieces", [][]byte{masked(ws.OpText, false, `{"type":`), masked(ws.OpPing, true, "p")}, ws.OpPong, "p"},
		{"the end between the pieces", [][]byte{masked(ws.OpText, false, `{"type":`), closing(1000, "")}, ws.OpClose, "1000"},
		{"byte after byte", bytes.SplitAfter(text(`{"type":"ping"}`), nil), ws.OpText, `{"type":"pong"}`},
		{"two messages at once", [][]byte{append(text(`{"type":"pong"}`), text(`{"type":"ping"}`)...)}, ws.OpText, `{"type":"pong"}`},
		{"the client's end", [][]byte{closing(4999, "bye")}, ws.OpClose, "4999"},
		{"an end without a code", [][]byte{masked(ws.OpClose, true, "")}, ws.OpClose, ""},
		{"an end with half a code", [][]byte{masked(ws.OpClose, true, "a")}, ws.OpClose, "1002 …"},
		{"an end with a code that must not be sent", [][]byte{closing(1006, "")}, ws.OpClose, "1002 …"},
		{"no mask", [][]byte{ws.MustCompileFrame(ws.NewTextFrame([]byte(`{"type":"ping"}`)))}, ws.OpClose, "1002 …masked…"},
		{"an unknown kind of frame", [][]byte{masked(3, true, "")}, ws.OpClose, "1002 …"},
		{"compression, which was not agreed on", [][]byte{{0xc1, 0x80, 0, 0, 0, 0}}, ws.OpClose, "1002 …"},
		{"a continuation of nothing", [][]byte{masked(ws.OpContinuation, true, "")}, ws.OpClose, "1002 …"},
		{"a message within a message", [][]byte{masked(ws.OpText, false, "{"), text("{}")}, ws.OpClose, "1002 …"},
		{"a long control frame", [][]byte{masked(ws.OpPing, true, strings.Repeat("a", 126))}, ws.OpClose, "1002 …"},
		{"a control frame in pieces", [][]byte{masked(ws.OpPing, false, "a")}, ws.OpClose, "1002 …"},
		{"text that is not UTF-8", [][]byte{text("{\"type\":\"\xff\"}")}, ws.OpClose, "4400 …"},
		{"a message of a size that cannot be", [][]byte{{0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, ws.OpClose, "1002 …"},
		{"a message that is said to be huge", [][]byte{append([]byte{0x81, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 80<<10)...)}, ws.OpClose, "1009 …"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			c := stream(t, func(*graph.Config) {}).dialRaw(nil)
			for _, text := range test.sent {
				c.write(text)
			}
			c.gets(test.op, test.want)
			if test.op == ws.OpClose {
				_, _ = c.conn.Write(closing(1000, "")) // the connection may already be closed
				if tcp, ok := c.conn.(*net.TCPConn); ok {
					_ = tcp.CloseWrite()
				}
				if n, err := c.read.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("after the end: %d bytes and %v, want io.EOF", n, err)
				}
			}
		})
	}
}

// TestEarlyFrames: frames are accepted that a client sends before it has got the answer to
// its upgrade request.
func TestEarlyFrames(t *testing.T) {
	early := append(masked(ws.OpText, true, `{"type":"ping","payload":{"a":"`+strings.Repeat("a", 3000)+`"}}`), masked(ws.OpText, true, initialize)...)
	c := stream(t, func(*graph.Config) {}).dialRaw(early)
	c.gets(ws.OpText, `{"type":"pong",…`)
	c.gets(ws.OpText, ack)
	c.write(masked(ws.OpText, true, asking))
	c.gets(ws.OpText, told)
}

// TestFramesOverTLS uses TLS, where only reading shows whether something has arrived.
func TestFramesOverTLS(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	s.server.Close()
	handler := s.server.Config.Handler
	s.server = httptest.NewTLSServer(handler)
	t.Cleanup(s.server.Close)
	c := s.dialRaw(masked(ws.OpText, true, initialize))
	c.gets(ws.OpText, ack)
	c.write(append(masked(ws.OpPing, true, "first"), masked(ws.OpText, true, asking)...)) // in one TLS record
	c.gets(ws.OpPong, "first")
	c.gets(ws.OpText, told)
}

// TestSlowMessage: a client that begins a message must finish it, because it keeps memory
// until then.
func TestSlowMessage(t *testing.T) {
	t.Parallel()
	s := stream(t, func(c *graph.Config) {
		c.Streams.InitTimeout, c.Streams.WriteTimeout = time.Minute, 100*time.Millisecond
	})
	c := s.dialRaw(masked(ws.OpText, false, `{"type":`)) // anonymous: 64 KiB at most, at 32 KiB per second
	if _, err := io.Copy(io.Discard, c.read); err != nil {
		t.Fatalf("the connection does not end: %v", err)
	}
	for deadline := time.Now().Add(patience); s.notes()["reason"] != "a message took too long to arrive"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log says %q", s.notes()["reason"])
		}
	}
}
