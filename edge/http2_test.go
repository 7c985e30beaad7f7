package edge_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"dialogs/edge"
	"dialogs/servertest"
)

// secureServer serves TLS and HTTP/2 with short timeouts, and returns a connection on
// which the client has sent its preface.
func secureServer(t *testing.T, read, write time.Duration) (*tls.Conn, *http2.Framer) {
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
	ended := make(chan error, 1)
	server := edge.Server{
		Handler: http.NotFoundHandler(), TLS: certificate.TLS(), HeaderBytes: 4096, Log: slog.New(slog.DiscardHandler), Connections: connections(),
		HeaderTimeout: time.Hour, ReadTimeout: read, WriteTimeout: write, IdleTimeout: time.Hour,
	}
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		_ = await(t, "the server to stop", ended)
	})
	conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(servertest.Patience)); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return conn, framer
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
