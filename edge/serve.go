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
	// those who send a larger one.
	HeaderBytes int
	// HeaderTimeout and ReadTimeout bound how long a client may take to send a
	// request's header, and all of it; IdleTimeout, how long a connection may
	// wait for its next request.
	HeaderTimeout, ReadTimeout, IdleTimeout time.Duration
	// Grace is how long requests may go on after a signal to stop.
	Grace time.Duration
	Log   *slog.Logger
}

// Serve serves until ctx ends, and then lets every request that was accepted
// finish within the grace. Requests have a base context that ends when they are
// cut off; [api.Stopping] tells long ones as soon as the server begins to stop.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	base, cutOff := context.WithCancel(api.WithStopping(context.WithoutCancel(ctx), ctx.Done()))
	defer cutOff()
	server := &http.Server{
		Handler:           s.Handler,
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: s.HeaderTimeout,
		ReadTimeout:       s.ReadTimeout,
		IdleTimeout:       s.IdleTimeout,
		MaxHeaderBytes:    headersRead * s.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
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
	s.Log.Info("stopping", "grace", s.Grace)
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
	defer cancel()
	err := server.Shutdown(graceful)
	if err != nil {
		cutOff()
		_ = server.Close()
		err = errors.New("some requests were cut off: they took longer than --shutdown-grace")
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
