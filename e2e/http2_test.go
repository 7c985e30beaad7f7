package e2e_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"dialogs/servertest"
)

// A tlsAttack is an attack of somebody without credentials on a server with TLS.
type tlsAttack struct {
	reason      string
	connections int
	// send sends what it can on one connection.
	send func(*http2Client)
	// raw says that send starts before the TLS handshake.
	raw bool
}

// TestHTTP2Attacks measures what clients of TLS and HTTP/2 can hold without
// credentials: the memory is bounded, another address is served meanwhile, and the
// server stops soon and cleanly.
func TestHTTP2Attacks(t *testing.T) {
	servertest.NeedUsage(t)
	for _, a := range []tlsAttack{
		{reason: "half a TLS handshake", connections: 300, raw: true, send: func(c *http2Client) {
			_, _ = io.WriteString(c.conn, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
		}},
		{reason: "many streams that never send their body", connections: 60, send: func(c *http2Client) {
			for range 250 {
				c.request("POST", "/graphql", 4000)
			}
		}},
		{reason: "many streams whose answers are not wanted", connections: 40, send: func(c *http2Client) {
			_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			for range 250 {
				c.request("GET", "/healthz", 0)
			}
		}},
		{reason: "streams that are reset at once", connections: 20, send: func(c *http2Client) {
			for range 500 {
				_ = c.framer.WriteRSTStream(c.request("GET", "/healthz", 0), http2.ErrCodeCancel)
			}
		}},
		{reason: "pings and settings", connections: 20, send: func(c *http2Client) {
			for range 5000 {
				_ = c.framer.WritePing(false, [8]byte{})
				_ = c.framer.WriteSettings()
			}
		}},
		{reason: "large frames", connections: 300, send: func(c *http2Client) {
			_ = c.framer.WriteRawFrame(0xbb, 0, 0, make([]byte, 900_000))
		}},
	} {
		t.Run(a.reason, func(t *testing.T) {
			t.Parallel()
			c := servertest.NewCertificate(t, 1)
			p := servertest.Spawn(t, "--tls-cert", c.CertFile, "--tls-key", c.KeyFile)
			p.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			p.Must(nil, whoami, nil)
			before := p.Usage()
			var all sync.WaitGroup
			for range a.connections {
				all.Go(func() { a.from(t, p, "127.0.0.2") })
			}
			var slowest time.Duration
			for range 20 {
				begun := time.Now()
				p.Client.CloseIdleConnections()
				p.Must(nil, whoami, nil)
				slowest = max(slowest, time.Since(begun))
			}
			all.Wait()
			p.Must(nil, whoami, nil)
			after := p.Usage()
			taken := after.PeakMemory - before.Memory
			t.Logf("%d MB, %v of CPU, another address waits %v at most", taken/megabyte, after.CPU-before.CPU, slowest)
			if taken > 100*megabyte {
				t.Errorf("took %d MB, want at most 100", taken/megabyte)
			}
			p.Signal(syscall.SIGTERM)
			begun := time.Now()
			if state := p.AwaitEnd(); !state.Success() || time.Since(begun) > 10*time.Second {
				t.Errorf("the server ended with %s after %v: %s", state, time.Since(begun), p.Stderr)
			}
		})
	}
}

// from opens one connection of the attack. The server may refuse it.
func (a tlsAttack) from(t *testing.T, p *servertest.Process, address string) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: servertest.Patience}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "https://"))
	if err != nil {
		return
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if a.raw {
		a.send(&http2Client{conn: conn})
		return
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if secure.Handshake() != nil {
		return
	}
	_, _ = io.WriteString(secure, http2.ClientPreface)
	c := &http2Client{conn: secure, framer: http2.NewFramer(secure, secure), next: 1}
	_ = c.framer.WriteSettings()
	a.send(c)
}

// An http2Client writes frames, and reads none.
type http2Client struct {
	conn   net.Conn
	framer *http2.Framer
	next   uint32 // the id of the next stream
}

// request opens a stream, with a body of which only so many bytes come.
func (c *http2Client) request(method, path string, body int) (stream uint32) {
	stream, c.next = c.next, c.next+2
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", method}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}, {"content-type", "application/json"},
	} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == 0,
	})
	if body > 0 {
		_ = c.framer.WriteData(stream, false, bytes.Repeat([]byte(" "), body))
	}
	return stream
}
