package cli

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"log/slog"

	"github.com/spf13/cobra"

	"dialogs/auth"
	"dialogs/edge"
	"dialogs/playground"
	"dialogs/store"
)

func (p *program) serveCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the APIs until a signal to stop",
		Long: `Serves the APIs until SIGTERM or SIGINT, then lets running requests finish. A
second signal ends the process at once.`,
		Example: `  dialogs serve --dev
  dialogs serve --listen 0.0.0.0:8080 --store-file /run/secrets/mongodb-uri --secret-file /run/secrets/secret`,
		Args:    cobra.NoArgs,
		PreRunE: p.prepare,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), &s) },
	}
	s.bind(c.Flags())
	settable(c.Flags())
	c.Flags().SortFlags = false
	return c
}

// serve runs the server until ctx ends.
func (p *program) serve(ctx context.Context, s *settings) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	if s.dev {
		s.introspection, s.playground = true, true
	}
	log := newLogger(s.logFormat, s.logLevel, p.stderr)
	if unknown, _ := p.env.checkNames(serverFlags()); len(unknown) > 0 {
		log.Warn("unknown environment variables ignored", "names", unknown)
	}
	secure, err := s.tls(log)
	if err != nil {
		return err
	}
	// Listen before anything is made or opened, so that a busy port is a plain
	// error that leaves nothing behind. Connections wait until they are served.
	listener, err := s.listener()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	parts, closeAll, err := s.parts(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	handler, err := s.handler(parts)
	if err != nil {
		return err
	}
	log.Info("serving", "address", listener.Addr().String(), "tls", secure != nil, "store", s.store.name(), "version", version())
	if s.dev {
		if err := p.welcome(s, listener.Addr(), parts.development.APIKey != ""); err != nil {
			return err
		}
	}
	return edge.Server{
		Handler: handler, TLS: secure, HeaderBytes: s.headerLimit, Log: log, Grace: s.grace,
		HeaderTimeout: s.headerTimeout, ReadTimeout: s.readTimeout, IdleTimeout: s.idleTimeout,
	}.Serve(ctx, listener)
}

// listener takes the port.
func (s *settings) listener() (net.Listener, error) {
	listener, err := net.Listen("tcp", s.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %q: address already in use; choose another port, for example --listen 127.0.0.1:8081", named("listen"), s.listen)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", named("listen"), shown(s.listen), err)
	}
	return listener, nil
}

// tls is how HTTPS is served; nil for plain HTTP.
func (s *settings) tls(log *slog.Logger) (*tls.Config, error) {
	if s.tlsCert == "" {
		return nil, nil //nolint:nilnil // nil is what net/http takes for plain HTTP
	}
	certificate, err := edge.ReadCertificate(s.tlsCert, s.tlsKey, time.Now, log)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	return certificate.TLS(), nil
}

// parts opens the store and what works with it. closeAll closes what was
// opened, in the reverse order.
func (s *settings) parts(ctx context.Context, log *slog.Logger) (p parts, closeAll func() error, err error) {
	var opened []func() error
	closeAll = func() error {
		var errs []error
		for i := len(opened) - 1; i >= 0; i-- {
			errs = append(errs, opened[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	p.log = log
	if p.trusted, err = s.readTrusted(); err != nil {
		return p, nil, err
	}
	secret, err := s.secret.findOrMake(&s.store)
	if err != nil {
		return p, nil, err
	}
	unlock, err := store.Lock(s.store.address)
	if err != nil {
		return p, nil, err
	}
	opened = append(opened, unlock)
	if p.store, err = s.store.open(ctx, log); err != nil {
		return p, nil, err
	}
	opened = append(opened, p.store.Close)
	p.service = s.newService(p.store)
	if p.minter, err = auth.NewMinter(secret, time.Now, rand.Reader); err != nil {
		return p, nil, err
	}
	if p.development, err = s.developmentCredentials(ctx, p); err != nil {
		return p, nil, err
	}
	p.authenticator, err = auth.New(ctx, auth.Config{
		Secret: secret, Keys: p.store, Sessions: p.store, Now: time.Now, Log: log,
		JWKS: auth.JWKS{URL: s.jwksURL, Issuer: s.jwksIssuer, Audience: s.jwksAudience},
	})
	if err != nil {
		return p, nil, err
	}
	opened = append(opened, func() error { p.authenticator.Close(); return nil })
	p.limiter, err = edge.NewRateLimiter(s.rateLimit, s.rateLimitKey, time.Now)
	return p, closeAll, err
}

// developmentCredentials are nil outside of development.
func (s *settings) developmentCredentials(ctx context.Context, p parts) (*playground.Credentials, error) {
	if !s.dev {
		return nil, nil //nolint:nilnil // nil is what the playground takes for none
	}
	return newDevelopment(ctx, &s.store, p.store, p.minter)
}
