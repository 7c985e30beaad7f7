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

// A Server is how requests are accepted and, in the end, drained.
type Server struct {
	Handler http.Handler
	// TLS is nil for plain HTTP.
	TLS *tls.Config
	// HeaderBytes is the largest request header. [HeaderLimit] explains it to
	// clients that send a larger one.
	HeaderBytes int
	// HeaderTimeout and ReadTimeout bound how long a client may take to send a
	// request's header, and all of it; IdleTimeout, how long a connection may
	// wait for its next request.
	HeaderTimeout, ReadTimeout, IdleTimeout time.Duration
	// WriteTimeout is that of [Pace], for what net/http answers itself.
	WriteTimeout time.Duration
	// Connections bounds them.
	Connections *Connections
	// Grace is how long requests may continue after a signal to stop.
	Grace time.Duration
	Log   *slog.Logger
}

// drainPatience is how long clients may take to send or to read after a signal
// to stop: no client can delay the end of the server.
const drainPatience = 2 * time.Second

const (
	// mostStreams is what RFC 9113 recommends as the least. All that run count
	// in [Connections] too.
	mostStreams = 100
	// http2Buffer is the least that HTTP/2 allows. By default, a client could
	// have 1 MiB buffered on each connection, before it is known.
	http2Buffer = 16 << 10
)

// Serve serves until ctx ends, and then lets every request that has arrived
// finish within the grace. Clients that are still sending or reading are cut off
// sooner. Requests have a base context that ends when they are cut off;
// [api.Stopping] tells long ones as soon as the server begins to stop.
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
		// A client of HTTP/2 that is gone, or reads nothing, is noticed too.
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
