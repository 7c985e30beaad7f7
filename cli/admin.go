package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dialogs/edge"
	"dialogs/graph"
	"dialogs/observe"
	"dialogs/store"
)

// The admin listener is for operators and their tools. Nobody signs in there, so it is
// apart from the public one, and on loopback unless another address is given.

const (
	adminHeaderTimeout = 10 * time.Second
	// adminWriteTimeout lets profiles of 30 seconds, the default, be taken.
	adminWriteTimeout = 2 * time.Minute
	adminHeaderBytes  = 8 << 10
)

// adminAddress is the address to listen on: a port alone is one of loopback.
func (s *settings) adminAddress() string {
	if port, found := strings.CutPrefix(s.adminListen, ":"); found {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return s.adminListen
}

// checkAdmin checks the settings of the admin listener.
func (s *settings) checkAdmin() error {
	switch {
	case s.adminListen == "" && s.adminPprof:
		return fmt.Errorf("%s requires %s", named("admin-pprof"), named("admin-listen"))
	case s.adminListen == "":
		return nil
	}
	if err := checkAddressAndPort("admin-listen", s.adminAddress()); err != nil {
		return err
	}
	if _, port, _ := net.SplitHostPort(s.listen); port != "0" && overlap(s.listen, s.adminAddress()) {
		return fmt.Errorf("%s %q: must be another address than that of %s", named("admin-listen"), shown(s.adminListen), named("listen"))
	}
	return nil
}

// overlap tells whether two addresses have one port, and a host in common.
func overlap(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	numberA, _ := net.LookupPort("tcp", portA)
	numberB, _ := net.LookupPort("tcp", portB)
	return numberA == numberB && (everyHost(hostA) || everyHost(hostB) || localhost(hostA) == localhost(hostB))
}

func everyHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

func localhost(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	return host
}

// listenAdmin takes the port of the admin listener; nil for none.
func (s *settings) listenAdmin() (net.Listener, error) {
	if s.adminListen == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	return listenOn("admin-listen", s.adminAddress())
}

// adminServer is the server of operators, who may take their time only for profiles.
func adminServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: adminHeaderTimeout, ReadTimeout: adminHeaderTimeout, WriteTimeout: adminWriteTimeout,
		MaxHeaderBytes: adminHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serveAdmin serves operators until stop is called.
func (s *settings) serveAdmin(listener net.Listener, handler http.Handler, log *slog.Logger) (stop func() error) {
	server := adminServer(handler, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("serving operators", "address", listener.Addr().String())
	return func() error {
		_ = server.Close()
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}

// adminHandler is what operators can ask for.
func (s *settings) adminHandler(p *parts, config []byte) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.HandleFunc("GET /healthz", edge.Healthy)
	mux.HandleFunc("GET /readyz", edge.Ready(p.prober, p.hub.Report))
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(config)
	})
	if s.adminPprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound) // it can contain secrets
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return edge.Operators(isLoopback(s.adminAddress()))(mux)
}

// newMetrics makes the metrics of this server.
func (s *settings) newMetrics() *observe.Metrics {
	var names []string
	serverFlags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return observe.NewMetrics(observe.Options{Version: version(), System: s.store.system(), Fields: graph.RootFields(), Settings: names})
}

// system is the database, as OpenTelemetry calls it.
func (s *storeSettings) system() string {
	if store.KindOf(s.address) == store.MongoDB {
		return "mongodb"
	}
	return "sqlite"
}

// observed adds what is read from the parts when metrics are.
func (p *parts) observed() {
	usage := p.lanes.Usage
	p.metrics.Gauge("dialogs_lanes_in_use", "Lists and counts that read the store.", func() float64 { n, _ := usage(); return float64(n) })
	p.metrics.Gauge("dialogs_lanes_waiting", "Lists and counts that wait for a lane.", func() float64 { _, n := usage(); return float64(n) })
	p.metrics.Gauge("dialogs_feed_lag_seconds", "Time since all changes were read for subscriptions; 0 without subscriptions.", func() float64 {
		behind, _ := p.hub.State()
		return behind.Seconds()
	})
	p.metrics.Gauge("dialogs_webhook_lag_seconds", "The longest time for which a webhook has waited for a delivery.", func() float64 { return p.sender.Lag().Seconds() })
}

// observer is told about requests.
func (p *parts) observer() edge.Observer {
	o := edge.Observer{Answered: p.metrics.Request, Refused: p.metrics.Refused}
	if p.tracer != nil {
		o.Trace = func(r *http.Request) (context.Context, func(route, requestID string, status int)) {
			ctx, span := p.tracer.Request(r)
			return ctx, func(route, requestID string, status int) {
				observe.EndRequest(span, r.Method, route, requestID, status)
			}
		}
		o.Continue = observe.Continue
	}
	return o
}
