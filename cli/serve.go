package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/budget"
	"dialogs/edge"
	"dialogs/live"
	"dialogs/store"
	"dialogs/store/readonly"
	"dialogs/webhook"
)

func (p *program) serveCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the APIs until a signal stops the server",
		Long: `Serves the APIs until SIGTERM or SIGINT, then lets running requests finish. A
second signal ends the process at once.`,
		Example: `  dialogs serve --dev
  dialogs serve --listen 0.0.0.0:8080 --store-file /run/secrets/mongodb-uri --secret-file /run/secrets/secret`,
		Args: takes(),
	}
	var given map[string]bool
	c.PreRunE = func(cmd *cobra.Command, args []string) error {
		given = givenFlags(cmd.Flags())
		return p.prepare(cmd, args)
	}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		s.now, s.store.options.Now = p.now, p.now
		return p.serve(cmd.Context(), &s, func(to io.Writer) error { return showSettings(to, cmd.Flags(), given, &s) })
	}
	s.bind(c.Flags())
	settable(c.Flags())
	c.Flags().SortFlags = false
	return c
}

// serve runs the server until ctx ends.
func (p *program) serve(ctx context.Context, s *settings, show func(io.Writer) error) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	hangups, ignore := ignoreHangups()
	defer ignore()
	level := new(slog.LevelVar)
	least, err := s.level.read()
	if err != nil {
		return err
	}
	level.Set(least)
	log, lines := newLogger(s.logFormat, level, p.stderr)
	defer lines.close()
	if unknown, _ := p.env.checkNames(serverFlags()); len(unknown) > 0 {
		log.Warn("unknown environment variables ignored", "names", unknown)
	}
	exposed, err := s.exposedFiles()
	if err != nil {
		return err
	}
	warnOfExposedFiles(exposed, log)
	limitHeap(log)
	defer tuneCollector(collectorRoom)()
	certificate, err := s.certificate(log)
	if err != nil {
		return err
	}
	connections, err := s.connections(log)
	if err != nil {
		return err
	}
	// Listen before anything is created or opened, so that a busy port is a
	// plain error that leaves nothing behind. Connections wait until they are
	// served.
	listener, err := listenOn("listen", s.listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	admin, err := s.listenAdmin()
	if err != nil {
		return err
	}
	if admin != nil {
		defer func() { _ = admin.Close() }()
	}
	var opened closers
	served := false
	defer func() {
		err = errors.Join(err, opened.close())
		if served {
			log.Info("stopped")
		}
	}()
	ctx, serving := s.delayed(ctx, log)
	parts, err := s.parts(ctx, log, &opened)
	if err != nil {
		return err
	}
	connections.Refused = parts.metrics.Refused
	if admin != nil {
		var config bytes.Buffer
		if err := show(&config); err != nil {
			return err
		}
		opened.add(s.serveAdmin(admin, s.adminHandler(&parts, config.Bytes()), log))
	}
	log.Info("serving", "address", listener.Addr().String(), "tls", certificate != nil, "store", s.store.name(), "version", version())
	served = true
	serving(parts.prober)
	if s.dev {
		if err := p.welcome(s, listener.Addr(), parts.development.page); err != nil && !errors.Is(err, syscall.EPIPE) {
			return err
		}
	}
	opened.add(background(ctx, func(ctx context.Context) {
		for {
			select {
			case <-hangups:
				s.reload(parts, certificate, level)
			case <-ctx.Done():
				return
			}
		}
	}))
	return edge.Server{
		Handler: s.handler(parts), TLS: certificate.TLS(), HeaderBytes: s.headerLimit, Log: log, Grace: s.grace,
		HeaderTimeout: s.headerTimeout, ReadTimeout: s.readTimeout, WriteTimeout: s.writeTimeout, IdleTimeout: s.idleTimeout,
		Connections: connections,
	}.Serve(ctx, listener)
}

// delayed returns a context that ends with the signal to stop; once serving is called, the
// drain delay later. In between, the server says that it is not ready, so that load
// balancers send nothing more.
func (s *settings) delayed(signal context.Context, log *slog.Logger) (ctx context.Context, serving func(*edge.Prober)) {
	ctx, stop := context.WithCancel(context.WithoutCancel(signal))
	unwatch := context.AfterFunc(signal, stop)
	return ctx, func(prober *edge.Prober) {
		unwatch()
		context.AfterFunc(signal, func() {
			defer stop()
			prober.Drain()
			if s.drainDelay > 0 {
				log.Info("draining", api.Milliseconds("delay", s.drainDelay))
				time.Sleep(s.drainDelay)
			}
		})
	}
}

// listenOn takes the address of a setting.
func listenOn(flag, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %q: address already in use; choose another port, for example --%s %s", named(flag), address, flag, nextPort(address))
	}
	if err != nil {
		return nil, listenError(named(flag), shown(address), err)
	}
	return listener, nil
}

// nextPort is a checked address with the next higher port.
func nextPort(address string) string {
	host, port, _ := net.SplitHostPort(address)
	n, err := net.LookupPort("tcp", port)
	if err != nil || n == math.MaxUint16 {
		n = 8080
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1))
}

// certificate is the one for HTTPS; nil for plain HTTP.
func (s *settings) certificate(log *slog.Logger) (*edge.Certificate, error) {
	if s.tlsCert == "" {
		return nil, nil //nolint:nilnil // nil is a certificate for plain HTTP
	}
	certificate, err := edge.ReadCertificate(s.tlsCert, s.tlsKey, s.now, log)
	if err != nil {
		return nil, fileError(named("tls-cert")+" and "+named("tls-key"), err)
	}
	return certificate, nil
}

// closers are what has to be closed at the end.
type closers []func() error

func (c *closers) add(closer func() error) { *c = append(*c, closer) }

// close closes everything, what was opened last first.
func (c *closers) close() error {
	var errs []error
	for _, closer := range slices.Backward(*c) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// parts opens the store and what works with it.
func (s *settings) parts(ctx context.Context, log *slog.Logger, opened *closers) (p parts, err error) {
	p.log, p.requests = log, budget.NewRequests(s.memory)
	p.answers = budget.NewAnswers(s.memory)
	if p.trusted, err = s.readTrusted(); err != nil {
		return p, err
	}
	if _, err := s.secret.find(&s.store); err != nil && !errors.Is(err, errNoSecret) {
		return p, err
	}
	unlock, err := store.Lock(s.store.address)
	if err != nil {
		return p, storeError("store", s.store.address, err)
	}
	opened.add(unlock)
	secrets, err := s.secret.findOrMake(&s.store)
	if err != nil {
		return p, err
	}
	if err := s.secret.note(&s.store); err != nil {
		return p, storeError("store", s.store.address, err)
	}
	p.metrics = s.newMetrics()
	if p.tracer, err = s.newTracer(ctx, log, opened); err != nil {
		return p, err
	}
	s.store.options.Updated, s.store.options.Committed = p.metrics.Updated, p.metrics.Committed
	if p.store, err = s.store.open(ctx, log); err != nil {
		return p, err
	}
	p.store = p.metrics.Store(p.store, p.tracer)
	opened.add(p.store.Close)
	p.prober = edge.NewProber(p.store.Ping, s.store.options.Timeout, s.now, log.With(s.store.where()))
	opened.add(background(ctx, p.prober.Watch))
	if s.readOnly {
		p.store = readonly.New(p.store)
	}
	p.store = live.Announce(p.store, func() { p.hub.Wake(); p.sender.Wake() })
	p.lanes = s.laned(p.store)
	p.service = s.newService(p.lanes)
	if p.webhooks, err = newAdmin(p.store, secrets, s.webhookTargets, s.now); err != nil {
		return p, err
	}
	p.sender = webhook.NewSender(p.webhooks, webhook.Options{
		Holder: s.holder(), Kept: s.keepChanges, Log: log, Attempted: p.metrics.Attempted, Transport: p.traced("webhook"),
	})
	if !s.readOnly { // without storing how far they have come, deliveries would be repeated
		opened.add(background(ctx, p.sender.Run))
		opened.add(background(ctx, func(ctx context.Context) { eraseAlways(ctx, s.newService(p.store), log) }))
	}
	p.hub = live.NewHub(live.Options{Store: p.store, CatchUp: p.lanes, Service: p.service, Announced: p.sender.Wake, Now: s.now, Log: log})
	// It outlives the signal to stop: subscriptions end one after the other.
	opened.add(background(context.WithoutCancel(ctx), p.hub.Run))
	minter, err := auth.NewMinter(secrets, s.now, rand.Reader)
	if err != nil {
		return p, err
	}
	p.minter = minter.Within(s.sessionMax)
	if s.dev {
		var remove func() error
		if p.development, remove, err = newDevelopment(ctx, &s.store, p.store, p.minter); err != nil {
			return p, err
		}
		opened.add(remove)
	}
	p.authenticator, err = auth.New(ctx, auth.Config{
		Secrets: secrets, Keys: p.store, ProcessKeys: p.development.keys, Sessions: p.store, SessionMax: s.sessionMax, Now: s.now, Log: log,
		JWKS: auth.JWKS{URL: s.jwksURL, Issuer: s.jwksIssuer, Audience: s.jwksAudience},
	})
	if err != nil {
		return p, err
	}
	opened.add(func() error { p.authenticator.Close(); return nil })
	p.observed()
	p.limiter = edge.NewRateLimiter(s.rateLimit, s.rateLimitKey, s.now)
	return p, nil
}

// holder identifies this instance among those that share the store. An embedded one is
// served by one process at a time, which can go on at once where a killed one ended.
func (s *settings) holder() string {
	if s.store.embedded() {
		return "server"
	}
	return rand.Text()
}

// background runs something until ctx ends or stop is called.
func background(ctx context.Context, run func(context.Context)) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() error {
		cancel()
		running.Wait()
		return nil
	}
}
