package cli

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/auth"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/observe"
	"dialogs/webhook"
)

// settings are what an operator can set for a server. Commands that only need
// a store have [storeSettings] alone.
type settings struct {
	now    func() time.Time // the clock of the server
	store  storeSettings
	secret secretSettings

	listen string
	// adminListen is empty for no admin listener.
	adminListen string
	adminPprof  bool
	tracing     observe.Tracing
	readOnly    bool
	drainDelay  time.Duration
	// tlsCert and tlsKey are files; both or neither.
	tlsCert, tlsKey string

	jwksURL, jwksIssuer, jwksAudience string
	sessionMax                        time.Duration
	keepChanges                       time.Duration

	logFormat                      string
	level                          levelSettings
	dev, introspection, playground bool
	quickblox                      bool
	requestTimeout, grace          time.Duration
	headerTimeout, readTimeout     time.Duration
	writeTimeout, idleTimeout      time.Duration
	maxConnections                 int
	maxConnectionsPerAddress       int
	headerLimit                    int
	requestLimits                  graph.Limits
	streams                        graph.Streams
	memory                         budget.Limits
	limits                         dialog.Limits
	quotas                         dialog.Quotas
	scanLanes, scansWaiting        int
	largeOperations                int
	rateLimit, rateLimitKey        float64
	allowOrigins, allowHeaders     []string
	trustedProxies                 []netip.Prefix
	publicURL                      *url.URL // nil for none
	trustedDocuments               string
	webhookTargets                 webhook.Targets
}

// bind makes every setting of a server a flag. The order is that of the help
// and the documentation.
func (s *settings) bind(fs *pflag.FlagSet) {
	*s = settings{
		now: time.Now, logFormat: "text", sessionMax: auth.DefaultSessionMax,
		requestTimeout: 10 * time.Second, grace: 15 * time.Second,
		headerTimeout: 10 * time.Second, readTimeout: 30 * time.Second, writeTimeout: 5 * time.Second, idleTimeout: 2 * time.Minute,
		headerLimit: 16 << 10, tracing: observe.Tracing{Sample: 1}, rateLimit: 50, rateLimitKey: 1000, scansWaiting: 100,
	}
	s.requestLimits, s.memory, s.streams = graph.DefaultLimits(), budget.DefaultLimits(), graph.DefaultStreams()
	fs.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address and port to serve on")
	fs.StringVar(&s.tlsCert, "tls-cert", "", "PEM file with the certificate and its chain; serves HTTPS (TLS 1.2 or later); reloaded when it changes")
	fs.StringVar(&s.tlsKey, "tls-key", "", "PEM file with the certificate's private key; required with --tls-cert")
	fs.Var(origin(&s.publicURL), "public-url", "URL by which clients reach the server, used for links in answers, for example https://dialogs.example.com; default = the address that they connect to")
	fs.StringVar(&s.adminListen, "admin-listen", "", "address and port for operators: metrics, health, settings; a port alone (:9090) listens on 127.0.0.1; default = off")
	fs.BoolVar(&s.adminPprof, "admin-pprof", false, "serve profiles of the running server at /debug/pprof/ of --admin-listen")
	s.store.bind(fs)
	s.secret.bind(fs)
	fs.BoolVar(&s.readOnly, "read-only", false, "refuse all changes with UNAVAILABLE, for maintenance; reads still work, and webhooks wait")
	fs.StringVar(&s.jwksURL, "jwks-url", "", "URL of another issuer's public keys (JWKS), to accept its session tokens (RS256, ES256, EdDSA)")
	fs.StringVar(&s.jwksIssuer, "jwks-issuer", "", "required iss claim of that issuer's tokens; required with --jwks-url")
	fs.StringVar(&s.jwksAudience, "jwks-audience", "", "required aud claim of that issuer's tokens; required with --jwks-url")
	fs.Var(periodWithin(&s.sessionMax, time.Second, auth.MostSessionMax), "session-max", "maximum age of a session token, even if it expires later; applies to tokens of other issuers too; at most 8784h")
	bindKept(fs, &s.keepChanges)
	fs.Var(oneOf(&s.logFormat, "text", "json"), "log-format", "format of the log: text or json")
	s.level.bind(fs)
	fs.BoolVar(&s.dev, "dev", false, "development mode: introspection and the playground with a key filled in; loopback only")
	fs.BoolVar(&s.introspection, "introspection", false, "let anyone read the schema and get suggestions in errors")
	fs.BoolVar(&s.playground, "playground", false, "serve GraphiQL at /playground")
	fs.BoolVar(&s.quickblox, "quickblox", true, "serve the HTTP API that QuickBlox documents for dialogs and sessions")
	fs.Var(period(&s.requestTimeout, time.Millisecond), "request-timeout", "maximum time for one request")
	fs.Var(period(&s.headerTimeout, time.Millisecond), "header-timeout", "maximum time for a client to send a request's headers")
	fs.Var(period(&s.readTimeout, time.Millisecond), "read-timeout", "maximum time for a client to send a whole request")
	fs.Var(period(&s.writeTimeout, time.Millisecond), "write-timeout", "maximum time for a client to read an answer, in addition to 1 s per 32 KiB")
	fs.Var(period(&s.idleTimeout, time.Millisecond), "idle-timeout", "maximum time that a connection may be idle between requests")
	fs.Var(whole(&s.maxConnections, 0, math.MaxInt32), "max-connections", "maximum number of client connections, HTTP/2 streams included; idle ones are closed to make room; 0 = based on the limit of open files, up to 768, or 430 with --tls-cert")
	fs.Var(whole(&s.maxConnectionsPerAddress, 0, math.MaxInt32), "max-connections-per-address", "maximum number of connections from one address, except trusted proxies; 0 = half of --max-connections")
	fs.Var(whole(&s.streams.ConnectionsPerCaller, 1, math.MaxInt32), "max-streams-per-caller", "maximum number of WebSockets and event streams per user, or per API key; an API key with all users it acts for: 20 times as many")
	fs.Var(whole(&s.streams.SubscriptionsPerCaller, 1, math.MaxInt32), "max-subscriptions-per-caller", "maximum number of subscriptions per user, or per API key, over all their connections; an API key with all users it acts for: 20 times as many")
	fs.Var(whole(&s.streams.OperationsPerConnection, 1, math.MaxInt32), "max-operations-per-connection", "maximum number of operations at the same time on one WebSocket, subscriptions included")
	fs.Var(period(&s.streams.InitTimeout, time.Millisecond), "init-timeout", "maximum time for a client to send connection_init on a WebSocket")
	fs.Var(period(&s.streams.PingInterval, time.Millisecond), "ping-interval", "time between pings on WebSockets and event streams; a WebSocket that does not answer before the next ping is closed")
	fs.Var(period(&s.drainDelay, 0), "drain-delay", "time to keep serving after a signal to stop, while /readyz says that the server is not ready, so that load balancers notice")
	fs.Var(period(&s.grace, 0), "shutdown-grace", "maximum time for running requests to finish after a signal to stop; slow clients have 2 s")
	fs.StringSliceVar(&s.allowOrigins, "allow-origins", nil, "origins of web pages that may call from other hosts, for example https://app.example.com; separated by commas")
	fs.StringSliceVar(&s.allowHeaders, "allow-headers", nil, "request headers that those pages may send in addition to the usual ones, for example x-tenant; separated by commas")
	fs.Var(networks(&s.trustedProxies), "trusted-proxies", "networks of the reverse proxies whose X-Forwarded-For and X-Request-Id are used, for example 10.0.0.0/8; separated by commas")
	fs.Var(collector(&s.tracing.Endpoint), "trace-endpoint", "URL of an OpenTelemetry collector (OTLP over HTTP), for example http://127.0.0.1:4318/v1/traces; default = no traces")
	fs.Var(share(&s.tracing.Sample), "trace-sample", "share of the requests that are traced, from 0 to 1, unless the client has decided that")
	fs.BoolVar(&s.tracing.Documents, "trace-documents", false, "add the documents of operations to traces, with the literals in them")
	fs.BoolVar(&s.tracing.Callers, "trace-callers", false, "add user ids and names of API keys to traces")
	fs.StringVar(&s.trustedDocuments, "trusted-documents", "", "JSON file of ids and documents; only these are executed")
	bindTargets(fs, &s.webhookTargets)
	fs.Var(perSecond(&s.rateLimit), "rate-limit", "requests per second per user, or per address without credentials; larger operations count more; burst is twice that; 0 = off")
	fs.Var(perSecond(&s.rateLimitKey), "rate-limit-key", "requests per second per API key, including all users it acts for; larger operations count more; burst is twice that; 0 = off")
	fs.Var(whole(&s.memory.Body, 1024, math.MaxInt32), "limit-body", "largest request body or WebSocket message, in bytes")
	fs.Var(whole(&s.memory.AnonymousBody, 1024, math.MaxInt32), "limit-body-anonymous", "largest request body or WebSocket message without credentials, in bytes")
	fs.Var(whole(&s.memory.Values, 100, math.MaxInt32), "limit-values", "maximum number of values in a request's JSON or form")
	fs.Var(whole(&s.memory.Nesting, 8, 1000), "limit-nesting", "maximum nesting depth of a request's JSON")
	fs.Var(whole(&s.memory.Requests, 1<<20, math.MaxInt64), "memory-requests", "maximum memory for all request bodies and the values decoded from them, in bytes; one caller can use half")
	fs.Var(whole(&s.memory.Answer, 1024, math.MaxInt32), "limit-answer", "largest answer, in bytes")
	fs.Var(whole(&s.memory.Answers, 1<<10, math.MaxInt64), "memory-answers", "maximum memory for all answers that are being prepared or sent, in bytes")
	fs.Var(whole(&s.memory.Documents, 0, math.MaxInt64), "memory-documents", "maximum memory for cached GraphQL documents, in bytes; 0 = no cache")
	fs.Var(whole(&s.headerLimit, 1024, 1<<20), "limit-headers", "largest request header, including the request line, in bytes")
	fs.Var(whole(&s.requestLimits.Tokens, 1, math.MaxInt32), "limit-tokens", "maximum number of lexical tokens in a document")
	fs.Var(whole(&s.requestLimits.Fields, 1, math.MaxInt32), "limit-document-fields", "maximum number of fields, fragments and operations in a document, before fragments are expanded")
	fs.Var(whole(&s.requestLimits.Depth, 1, math.MaxInt32), "limit-depth", "maximum nesting depth of fields in a document")
	fs.Var(whole(&s.requestLimits.Aliases, 0, math.MaxInt32), "limit-aliases", "maximum number of aliases in a document")
	fs.Var(whole(&s.requestLimits.Operations, 1, math.MaxInt32), "limit-operations", "maximum number of operations in a document")
	fs.Var(whole(&s.requestLimits.Complexity, 1, math.MaxInt32), "limit-complexity", "maximum number of fields in an answer; those of a page count once per item")
	bindLimits(fs, &s.limits)
	bindQuotas(fs, &s.quotas)
	fs.Var(whole(&s.largeOperations, 0, 1024), "limit-large-operations", "maximum number of large GraphQL operations of one user that run at the same time: of 20 calls, 2,000 values in the input or 20,000 fields in the answer; the rest wait; 0 = number of CPUs minus 1, at least 1; 8 times that per API key")
	fs.Var(whole(&s.scanLanes, 0, 1024), "scan-lanes", "number of lists and counts that read the store at the same time, of which a quarter, and at least one, is for pages of users' own dialogs; 0 = number of CPUs minus 1, at least 1 (MongoDB: 8)")
	fs.Var(whole(&s.scansWaiting, 1, math.MaxInt32), "limit-scans", "maximum number of lists and counts per user that may wait for their turn; 20 times that per API key")
}

// bindKept makes it a flag how long changes are kept. Each deletion and departure is stored
// with the time until which it is kept, so commands that change dialogs have the flag too.
func bindKept(fs *pflag.FlagSet, kept *time.Duration) {
	*kept = dialog.DefaultSyncKept
	fs.Var(periodWithin(kept, time.Hour, dialog.MaxSyncKept), "keep-changes", "how long clients can be offline and still catch up: deletions and departures are remembered for that time; at most 2160h")
}

// bindLimits makes the limits of dialogs flags. Their bounds are the domain's.
func bindLimits(fs *pflag.FlagSet, l *dialog.Limits) {
	*l = dialog.DefaultLimits()
	for _, limit := range []struct {
		to          *int
		name, usage string
	}{
		{&l.NameLength, "limit-name", "longest name of a dialog, in characters"},
		{&l.PhotoBytes, "limit-photo", "longest photo of a dialog, in bytes"},
		{&l.Occupants, "limit-occupants", "maximum number of occupants of a dialog"},
		{&l.Admins, "limit-admins", "maximum number of admins of a dialog"},
		{&l.IDsPerList, "limit-ids", "maximum number of ids in one list of an update or a filter"},
		{&l.FieldsPerClass, "limit-fields", "maximum number of fields of a custom class"},
		{&l.Classes, "limit-classes", "maximum number of custom classes"},
		{&l.CustomBytes, "limit-custom-data", "maximum size of a dialog's custom data, in bytes of compact JSON"},
		{&l.Rows, "limit-rows", "maximum number of rows that the lists and counts of one operation may read from the store"},
	} {
		fs.Var(dialogLimit(l, limit.to), limit.name, limit.usage)
	}
}

// bindQuotas makes the quotas of users flags.
func bindQuotas(fs *pflag.FlagSet, q *dialog.Quotas) {
	*q = dialog.DefaultQuotas()
	fs.Var(whole(&q.DialogsPerDay, 0, math.MaxInt32), "quota-dialogs-per-day", "maximum number of dialogs that a user may create in 24 hours, counted by each server in memory; 0 = off")
	fs.Var(whole(&q.OccupantsPerHour, 0, math.MaxInt32), "quota-occupants-per-hour", "maximum number of other users that a user may add to dialogs in an hour, counted by each server in memory; 0 = off")
	fs.Var(whole(&q.PublicGroups, 0, math.MaxInt32), "quota-public-groups", "maximum number of public groups that a user may own when they create another one, counting those that they have handed over within a day, and half of it when a user hands one over to them; 0 = off")
}

// dialogLimit is one of the limits, within the bounds that the domain sets.
func dialogLimit(all *dialog.Limits, one *int) pflag.Value {
	within := whole(one, math.MinInt32, math.MaxInt32)
	return &value[int]{to: one, kind: within.Type(), show: strconv.Itoa, parse: func(text string) (int, error) {
		before := *one
		defer func() { *one = before }()
		if err := within.Set(text); err != nil {
			return 0, err
		}
		var beyond *dialog.LimitError
		if err := all.Validate(); errors.As(err, &beyond) {
			return 0, fmt.Errorf("must be between %d and %d", beyond.Least, beyond.Most)
		}
		return *one, nil
	}}
}

// prepare fills the settings of a command from the environment before it runs,
// and refuses variables that are almost settings.
func (p *program) prepare(cmd *cobra.Command, _ []string) error {
	if err := notEmpty(cmd.Flags()); err != nil {
		return err
	}
	if _, err := p.env.checkNames(serverFlags()); err != nil {
		return err
	}
	return fromEnvironment(cmd.Flags(), p.env)
}

// serverFlags are all settings there are.
func serverFlags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(settings).bind(fs)
	settable(fs)
	return fs
}

// validate completes the settings: development mode turns others on. It refuses
// settings that contradict one another or are incomplete. Each
// single value was checked when it was set.
func (s *settings) validate() error {
	if s.dev {
		s.introspection, s.playground = true, true
	}
	if err := s.store.validate(); err != nil {
		return err
	}
	switch {
	case (s.tlsCert == "") != (s.tlsKey == ""):
		return fmt.Errorf("%s and %s must be given together", named("tls-cert"), named("tls-key"))
	case s.jwksURL == "" && s.jwksIssuer+s.jwksAudience != "":
		return fmt.Errorf("%s and %s require %s", named("jwks-issuer"), named("jwks-audience"), named("jwks-url"))
	case s.jwksURL != "" && (s.jwksIssuer == "" || s.jwksAudience == ""):
		return fmt.Errorf("%s requires %s and %s: without them, tokens made for other services would be accepted", named("jwks-url"), named("jwks-issuer"), named("jwks-audience"))
	case s.jwksURL != "" && !isHTTP(s.jwksURL):
		return fmt.Errorf("%s %q: must be an http:// or https:// URL", named("jwks-url"), shown(s.jwksURL))
	}
	if err := s.memory.Validate(); err != nil {
		return err
	}
	if err := checkAddressAndPort("listen", s.listen); err != nil {
		return err
	}
	if err := errors.Join(s.checkAdmin(), s.checkTracing()); err != nil {
		return err
	}
	if s.dev && !isLoopback(s.listen) {
		return fmt.Errorf("%s serves on loopback only: set %s to 127.0.0.1, [::1] or localhost with a port", named("dev"), named("listen"))
	}
	return errors.Join(checkOrigins(s.allowOrigins), checkHeaders(s.allowHeaders))
}

// checkAddressAndPort wants an address and a port, as numbers or names. The names of
// hosts are looked up when the server listens.
func checkAddressAndPort(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port) // knows the names of ports, and asks no server
	}
	if err != nil {
		return fmt.Errorf("%s %q: must be an address and a port, for example 127.0.0.1:8080", named(flag), shown(address))
	}
	return nil
}

func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// scheme begins the server's own URLs.
func (s *settings) scheme() string {
	if s.tlsCert == "" {
		return "http"
	}
	return "https"
}
