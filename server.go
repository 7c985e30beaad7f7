// Command dialogs serves chat conversations as a GraphQL API.
//
// This file is the shell: it reads settings, opens the store, puts the doors
// before it, serves, and stops without cutting anyone off.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/playground"
	"dialogs/quickblox"
	"dialogs/store/sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process, as it would any other
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dialogs:", err)
		os.Exit(1)
	}
}

// run is the whole program, callable from a test. It returns when the command
// is done or, for a server, when ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	c := command(getenv, stdout, stderr)
	c.SetArgs(args)
	return c.ExecuteContext(ctx)
}

// randomText has more than 128 random bits.
func randomText() string { return rand.Text() + rand.Text() }

// serve runs the server until ctx ends.
func serve(ctx context.Context, s *settings, stdout, stderr io.Writer) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	if s.dev {
		s.introspection, s.playground = true, true
	}
	log, err := newLogger(s, stderr)
	if err != nil {
		return err
	}
	secure, err := s.tlsConfig(log)
	if err != nil {
		return err
	}
	// Listen before anything is made or opened, so that a busy port is a plain
	// error that leaves nothing behind. Who calls meanwhile waits to be served.
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	secret, err := s.secretOrOwn(true)
	if err != nil {
		return err
	}
	if s.embedded() {
		unlock, err := sqlite.Lock(s.store)
		if err != nil {
			return err
		}
		defer func() { _ = unlock() }()
	}
	st, err := s.openStore(ctx, "--store", s.store, true, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	minter, err := auth.NewMinter(secret, time.Now, rand.Reader)
	if err != nil {
		return err
	}
	var dev *playground.Credentials
	if s.dev {
		if dev, err = s.developmentCredentials(ctx, st, minter); err != nil {
			return err
		}
	}
	authenticator, err := auth.New(ctx, auth.Config{
		Secret: secret, Keys: st, Sessions: st, Now: time.Now, Log: log,
		JWKS: auth.JWKS{URL: s.jwksURL, Issuer: s.jwksIssuer, Audience: s.jwksAudience},
	})
	if err != nil {
		return err
	}
	defer authenticator.Close()

	handler, err := s.handler(st, authenticator, minter, log, dev)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         secure,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    s.headerLimit,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("serving", "address", listener.Addr().String(), "tls", secure != nil, "store", s.storeName())
	if s.dev {
		if err := welcome(stdout, s.scheme()+"://"+listener.Addr().String(), s.store, dev.APIKey != ""); err != nil {
			return err
		}
	}
	return serveUntil(ctx, server, listener, s.grace, log)
}

// serveUntil serves until ctx ends, and then lets every request that was
// accepted come to its end, within the grace.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration, log *slog.Logger) error {
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
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
	log.Info("stopping", "grace", grace)
	graceful, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := server.Shutdown(graceful)
	if err != nil {
		_ = server.Close()
		err = errors.New("some requests were cut off: they outlived the grace")
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// handler puts every door together.
func (s *settings) handler(st dialog.Store, authenticator *auth.Authenticator, minter *auth.Minter, log *slog.Logger, dev *playground.Credentials) (http.Handler, error) {
	limiter, err := newRateLimiter(s.rateLimit, s.rateLimitKey, time.Now)
	if err != nil {
		return nil, err
	}
	service := dialog.NewService(st, s.limits, time.Now, rand.Reader)
	g := guards{authenticator: authenticator, limiter: limiter, timeout: s.requestTimeout, origins: s.allowOrigins, log: log}
	door, err := s.graphqlDoor(g, service, minter)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", door)
	if s.quickblox {
		if door, err = s.quickbloxDoor(g, service, minter); err != nil {
			return nil, err
		}
		for _, pattern := range quickblox.Patterns() {
			mux.Handle(pattern, door)
		}
	}
	if s.playground {
		page := playground.Handler("/graphql", dev)
		mux.Handle("GET /playground", page)
		mux.Handle("GET /playground/", page)
	}
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", ready(newPinger(st.Ping, s.storeTimeout, time.Now)))
	handler := logged(log, mux)
	if s.dev {
		handler = localOnly(graph.Refuse, handler)
	}
	return handler, nil
}

// newLogger logs to stderr, each record with the id of its request.
func newLogger(s *settings, stderr io.Writer) (*slog.Logger, error) {
	var options slog.HandlerOptions
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return nil, errors.New("--log-level must be debug, info, warn or error")
	}
	options.Level = level
	if s.logFormat == "json" {
		return slog.New(requestLog{slog.NewJSONHandler(stderr, &options)}), nil
	}
	return slog.New(requestLog{slog.NewTextHandler(stderr, &options)}), nil
}
