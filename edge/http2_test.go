package edge_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"dialogs/edge"
	"dialogs/servertest"
)

// secureServer serves TLS and HTTP/2 with short timeouts, and returns a connection on
// which the client has sent its preface.
func secureServer(t *testing.T, read, write time.Duration) (*tls.Conn, *http2.Framer) {
	t.Helper()
	conn, framer, _, _ := serveHTTP2(t, edge.Server{Handler: http.NotFoundHandler(), ReadTimeout: read, WriteTimeout: write})
	return conn, framer
}

// serveHTTP2 is secureServer with settings. It also returns how to stop the server, and its
// end.
func serveHTTP2(t *testing.T, server edge.Server) (conn *tls.Conn, framer *http2.Framer, stop func(), ended <-chan error) {
	t.Helper()
	files := servertest.NewCertificate(t, 1)
	certificate, err := edge.ReadCertificate(files.CertFile, files.KeyFile, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	end := make(chan error, 1)
	server.TLS, server.HeaderBytes, server.Log = certificate.TLS(), 4096, slog.New(slog.DiscardHandler)
	server.Connections, server.HeaderTimeout, server.IdleTimeout = connections(), time.Hour, time.Hour
	go func() {
		defer close(end)
		end <- server.Serve(ctx, listener)
	}()
	t.Cleanup(func() {
		stop()
		_ = await(t, "the server to stop", end)
	})
	conn, err = tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(servertest.Patience)); err != nil {
		t.Fatal(err)
	}
	framer = http2.NewFramer(conn, conn)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return conn, framer, stop, end
}

// TestSlowBodyBesideOthers stops a server that waits for a body which does not come, while
// another request of the same connection waits for that one.
func TestSlowBodyBesideOthers(t *testing.T) {
	reading, read := make(chan struct{}), make(chan struct{})
	waiting := make(chan struct{})
	handler := edge.Pace(time.Hour)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			close(waiting)
			<-read
			return
		}
		close(reading)
		if _, err := io.ReadAll(r.Body); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body: got %v, want that it took too long", err)
		}
		close(read)
	}))
	_, framer, stop, ended := serveHTTP2(t, edge.Server{Handler: handler, ReadTimeout: time.Hour, WriteTimeout: time.Hour, Grace: time.Hour})
	for stream, method := range []string{"GET", "POST"} {
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		for _, field := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/"}} {
			_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
		}
		if err := framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: uint32(2*stream + 1), BlockFragment: block.Bytes(), EndHeaders: true, EndStream: method == "GET",
		}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the request that waits", waiting)
	await(t, "the request with the body", reading)
	stop()
	if err := await(t, "the server to stop", ended); err != nil {
		t.Errorf("the server: %v", err)
	}
}

// TestHTTP2Limits reads which limits the server announces to a client of HTTP/2, before
// the client has sent credentials.
func TestHTTP2Limits(t *testing.T) {
	_, framer := secureServer(t, time.Hour, time.Hour)
	frame, err := framer.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok {
		t.Fatalf("got %v first", frame)
	}
	for id, want := range map[http2.SettingID]uint32{
		http2.SettingMaxConcurrentStreams: 100, http2.SettingMaxFrameSize: 16 << 10, http2.SettingInitialWindowSize: 64 << 10,
	} {
		if got, given := settings.Value(id); !given || got != want {
			t.Errorf("%v: got %d, want %d", id, got, want)
		}
	}
	// A connection starts with a window of 65,535 bytes, and an update may increase it.
	window := uint32(65_535)
	if err := framer.WritePing(false, [8]byte{1}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if update, ok := frame.(*http2.WindowUpdateFrame); ok && update.StreamID == 0 {
			window += update.Increment
		}
		if ping, ok := frame.(*http2.PingFrame); ok && ping.IsAck() { // every frame before it has arrived
			break
		}
	}
	if window > 64<<10 {
		t.Errorf("a connection may have %d bytes on the way, want at most %d", window, 64<<10)
	}
}

// TestHTTP2ClientGone: a silent client of HTTP/2 is sent a ping, and its connection is
// closed if it does not answer.
func TestHTTP2ClientGone(t *testing.T) {
	conn, framer := secureServer(t, 50*time.Millisecond, 50*time.Millisecond)
	asked := false
	for {
		frame, err := framer.ReadFrame()
		var timeout net.Error
		switch {
		case err == nil:
			if ping, ok := frame.(*http2.PingFrame); ok && !ping.IsAck() {
				asked = true
			}
			continue
		case errors.As(err, &timeout) && timeout.Timeout():
			t.Fatalf("the connection %v is not closed", conn.RemoteAddr())
		case !asked:
			t.Error("the connection was closed without asking")
		}
		return
	}
}
