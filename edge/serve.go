package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"dialogs/api"
)

// A Server accepts and serves requests. When it stops, it lets the running ones finish.
type Server struct {
	Handler http.Handler
	// TLS is nil for plain HTTP.
	TLS *tls.Config
	// HeaderBytes is the largest request header in bytes. [HeaderLimit] explains the limit
	// to clients that send a larger one.
	HeaderBytes int
	// HeaderTimeout is how long a client may take to send a request's header, and
	// ReadTimeout how long for the whole request. IdleTimeout is how long a connection may
	// wait for its next request.
	HeaderTimeout, ReadTimeout, IdleTimeout time.Duration
	// WriteTimeout is the slack of [Pace], also for answers of net/http itself.
	WriteTimeout time.Duration
	// Connections limits the connections.
	Connections *Connections
	// Grace is how long running requests may take after a signal to stop.
	Grace time.Duration
	Log   *slog.Logger
}

// drainPatience is how long clients may still take to send or to read after a signal to
// stop, so that no client can delay the end of the server.
const drainPatience = 2 * time.Second

const (
	// mostStreams is the smallest number that RFC 9113 recommends. Streams also count in
	// [Connections].
	mostStreams = 100
	// http2Buffer is the smallest buffer that HTTP/2 allows. With the default, each client
	// could make the server buffer 1 MiB per connection, before it has sent credentials.
	http2Buffer = 16 << 10
)

// Serve serves until ctx ends. Then it lets every request that has arrived finish within
// the grace; clients that are still sending or reading are disconnected after 2 seconds.
// The base context of requests ends when they are cut off. With [api.Stopping], long
// requests learn as soon as the server begins to stop.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	base, cutOff := context.WithCancel(api.WithStopping(context.WithoutCancel(ctx), ctx))
	defer cutOff()
	handlers := &running{base: base, log: s.Log}
	server := &http.Server{
		Handler:           handlers.count(s.Handler),
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: s.HeaderTimeout,
		ReadTimeout:       s.ReadTimeout,
		IdleTimeout:       s.IdleTimeout,
		WriteTimeout:      s.ReadTimeout + s.WriteTimeout, // each request sets its own (Pace)
		MaxHeaderBytes:    headersRead * s.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       withConnection,
		ConnState:         s.Connections.changed,
		// These also detect a client of HTTP/2 that is gone or does not read.
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: s.ReadTimeout, PingTimeout: s.WriteTimeout, WriteByteTimeout: s.WriteTimeout,
			MaxConcurrentStreams: mostStreams, MaxReadFrameSize: http2Buffer,
			MaxReceiveBufferPerConnection: 4 * http2Buffer, MaxReceiveBufferPerStream: 4 * http2Buffer,
		},
	}
	listener = s.Connections.listener(listener, s.TLS != nil)
	failed := make(chan error, 1)
	go func() {
		if s.TLS != nil {
			failed <- server.ServeTLS(listener, "", "")
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "stopping", api.Milliseconds("grace", s.Grace))
	err := s.drain(context.WithoutCancel(ctx), server, handlers)
	cutOff()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancel()
	handlers.wait(late)
	s.Connections.wait()
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
