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
)

// settings are what an operator can set for a server. Commands that only need
// a store have [storeSettings] alone.
type settings struct {
	store  storeSettings
	secret secretSettings

	listen string
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
	rateLimit, rateLimitKey        float64
	allowOrigins, allowHeaders     []string
	trustedProxies                 []netip.Prefix
	publicURL                      *url.URL // nil for none
	trustedDocuments               string
}

// bind makes every setting of a server a flag. The order is that of the help
// and the documentation.
func (s *settings) bind(fs *pflag.FlagSet) {
	*s = settings{
		logFormat: "text", sessionMax: auth.DefaultSessionMax, keepChanges: dialog.DefaultSyncKept,
		requestTimeout: 10 * time.Second, grace: 15 * time.Second,
		headerTimeout: 10 * time.Second, readTimeout: 30 * time.Second, writeTimeout: 5 * time.Second, idleTimeout: 2 * time.Minute,
		headerLimit: 16 << 10, rateLimit: 50, rateLimitKey: 1000, scansWaiting: 100,
	}
	s.requestLimits, s.memory, s.streams = graph.DefaultLimits(), budget.DefaultLimits(), graph.DefaultStreams()
	fs.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address and port to serve on")
	fs.StringVar(&s.tlsCert, "tls-cert", "", "PEM file with the certificate and its chain; serves HTTPS (TLS 1.2 or later); reloaded when it changes")
	fs.StringVar(&s.tlsKey, "tls-key", "", "PEM file with the certificate's private key; required with --tls-cert")
	fs.Var(origin(&s.publicURL), "public-url", "URL by which clients reach the server, for links in answers, for example https://dialogs.example.com; default = the address that they connect to")
	s.store.bind(fs)
	s.secret.bind(fs)
	fs.StringVar(&s.jwksURL, "jwks-url", "", "URL of another issuer's public keys (JWKS), to accept its session tokens (RS256, ES256, EdDSA)")
	fs.StringVar(&s.jwksIssuer, "jwks-issuer", "", "required iss claim of that issuer's tokens; required with --jwks-url")
	fs.StringVar(&s.jwksAudience, "jwks-audience", "", "required aud claim of that issuer's tokens; required with --jwks-url")
	fs.Var(period(&s.sessionMax, time.Second), "session-max", "longest time that a session token is accepted after it was issued, whatever its expiry; tokens of other issuers too; at most 8784h")
	fs.Var(period(&s.keepChanges, time.Hour), "keep-changes", "how long clients that were away can catch up: deleted dialogs, and who left one, are remembered for that time; at most 2160h")
	fs.Var(oneOf(&s.logFormat, "text", "json"), "log-format", "format of the log: text or json")
	s.level.bind(fs)
	fs.BoolVar(&s.dev, "dev", false, "development mode: introspection and the playground with a key filled in; loopback only")
	fs.BoolVar(&s.introspection, "introspection", false, "let anyone read the schema and get suggestions in errors")
	fs.BoolVar(&s.playground, "playground", false, "serve GraphiQL at /playground")
	fs.BoolVar(&s.quickblox, "quickblox", true, "serve the HTTP API that QuickBlox documents for dialogs and sessions")
	fs.Var(period(&s.requestTimeout, time.Millisecond), "request-timeout", "longest time for one request")
	fs.Var(period(&s.headerTimeout, time.Millisecond), "header-timeout", "longest time for a client to send a request's headers")
	fs.Var(period(&s.readTimeout, time.Millisecond), "read-timeout", "longest time for a client to send a whole request")
	fs.Var(period(&s.writeTimeout, time.Millisecond), "write-timeout", "longest time that a client may let the server wait when it reads an answer, beyond 32 KiB per second")
	fs.Var(period(&s.idleTimeout, time.Millisecond), "idle-timeout", "longest time that a connection may wait for its next request")
	fs.Var(whole(&s.maxConnections, 0, math.MaxInt32), "max-connections", "most connections of clients; idle ones are closed for others; 0 = by the limit of open files, up to 768; streams of HTTP/2 count too")
	fs.Var(whole(&s.maxConnectionsPerAddress, 0, math.MaxInt32), "max-connections-per-address", "most connections from one address, except trusted proxies; 0 = half of all")
	fs.Var(whole(&s.streams.ConnectionsPerCaller, 1, math.MaxInt32), "max-streams-per-caller", "most WebSockets and event streams of one user, or of one API key")
	fs.Var(whole(&s.streams.SubscriptionsPerCaller, 1, math.MaxInt32), "max-subscriptions-per-caller", "most subscriptions of one user, or of one API key, on all their connections")
	fs.Var(whole(&s.streams.OperationsPerConnection, 1, math.MaxInt32), "max-operations-per-connection", "most operations that one WebSocket runs at the same time, subscriptions included")
	fs.Var(period(&s.streams.InitTimeout, time.Millisecond), "init-timeout", "longest time for a client to send connection_init on a WebSocket")
	fs.Var(period(&s.streams.PingInterval, time.Millisecond), "ping-interval", "how often WebSockets and event streams are kept alive; a WebSocket that does not answer until the next time is closed")
	fs.Var(period(&s.grace, 0), "shutdown-grace", "longest time for running requests to finish after a signal to stop; clients that are slow to send or read have 2 s")
	fs.StringSliceVar(&s.allowOrigins, "allow-origins", nil, "origins of other web pages that may call, for example https://app.example.com; separated by commas")
	fs.StringSliceVar(&s.allowHeaders, "allow-headers", nil, "request headers that those pages may send beside the usual ones, for example x-tenant; separated by commas")
	fs.Var(networks(&s.trustedProxies), "trusted-proxies", "networks of the reverse proxies whose X-Forwarded-For and X-Request-Id are used, for example 10.0.0.0/8; separated by commas")
	fs.StringVar(&s.trustedDocuments, "trusted-documents", "", "JSON file of ids and documents; only these are executed")
	fs.Var(perSecond(&s.rateLimit), "rate-limit", "requests per second per user, or per address without credentials; larger operations count more; burst is twice that; 0 = off")
	fs.Var(perSecond(&s.rateLimitKey), "rate-limit-key", "requests per second per API key, with all users it acts for; larger operations count more; burst is twice that; 0 = off")
	fs.Var(whole(&s.memory.Body, 1024, math.MaxInt32), "limit-body", "largest request body or WebSocket message, in bytes")
	fs.Var(whole(&s.memory.AnonymousBody, 1024, math.MaxInt32), "limit-body-anonymous", "largest request body or WebSocket message without credentials, in bytes")
	fs.Var(whole(&s.memory.Values, 100, math.MaxInt32), "limit-values", "most values in the JSON or form of a request")
	fs.Var(whole(&s.memory.Nesting, 8, 1000), "limit-nesting", "deepest nesting of a request's JSON")
	fs.Var(whole(&s.memory.Requests, 1<<20, math.MaxInt64), "memory-requests", "most memory for all request bodies and the values decoded from them, in bytes; one caller can have half")
	fs.Var(whole(&s.memory.Answer, 1024, math.MaxInt32), "limit-answer", "largest answer, in bytes")
	fs.Var(whole(&s.memory.Answers, 1<<10, math.MaxInt64), "memory-answers", "most memory for all answers that are being made or sent, in bytes")
	fs.Var(whole(&s.memory.Documents, 0, math.MaxInt64), "memory-documents", "most memory for GraphQL documents that are kept to be executed again, in bytes; 0 = none")
	fs.Var(whole(&s.headerLimit, 1024, 1<<20), "limit-headers", "largest request header, in bytes")
	fs.Var(whole(&s.requestLimits.Tokens, 1, math.MaxInt32), "limit-tokens", "most lexical tokens in a document")
	fs.Var(whole(&s.requestLimits.Fields, 1, math.MaxInt32), "limit-document-fields", "most fields, fragments and operations written in a document")
	fs.Var(whole(&s.requestLimits.Depth, 1, math.MaxInt32), "limit-depth", "deepest nesting of fields in a document")
	fs.Var(whole(&s.requestLimits.Aliases, 0, math.MaxInt32), "limit-aliases", "most aliases in a document")
	fs.Var(whole(&s.requestLimits.Operations, 1, math.MaxInt32), "limit-operations", "most operations in a document")
	fs.Var(whole(&s.requestLimits.Complexity, 1, math.MaxInt32), "limit-complexity", "most fields in an answer; a page counts once for each of its items")
	bindLimits(fs, &s.limits)
	bindQuotas(fs, &s.quotas)
	fs.Var(whole(&s.scanLanes, 0, 1024), "scan-lanes", "lists and counts that read the store at once; 0 = one less than the CPUs, at least 1 (MongoDB: 8)")
	fs.Var(whole(&s.scansWaiting, 1, math.MaxInt32), "limit-scans", "most lists and counts of a user that may wait for their turn; 20 times that for an API key")
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
		{&l.Occupants, "limit-occupants", "most occupants of a dialog"},
		{&l.Admins, "limit-admins", "most admins of a dialog"},
		{&l.IDsPerList, "limit-ids", "most ids in one list of an update or a filter"},
		{&l.FieldsPerClass, "limit-fields", "most fields of a custom class"},
		{&l.CustomBytes, "limit-custom-data", "most custom data of a dialog, in bytes of compact JSON"},
		{&l.Rows, "limit-rows", "most rows of the store that the lists and counts of one operation may read"},
	} {
		fs.Var(dialogLimit(l, limit.to), limit.name, limit.usage)
	}
}

// bindQuotas makes the quotas of users flags.
func bindQuotas(fs *pflag.FlagSet, q *dialog.Quotas) {
	*q = dialog.DefaultQuotas()
	fs.Var(whole(&q.DialogsPerDay, 0, math.MaxInt32), "quota-dialogs-per-day", "most dialogs that a user may create in 24 hours, counted by each server in memory; 0 = off")
	fs.Var(whole(&q.OccupantsPerHour, 0, math.MaxInt32), "quota-occupants-per-hour", "most others that a user may add to dialogs in an hour, counted by each server in memory; 0 = off")
	fs.Var(whole(&q.PublicGroups, 0, math.MaxInt32), "quota-public-groups", "most public groups that a user may own, created or handed over by a user; 0 = off")
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

// validate refuses settings that contradict one another and would leave the
// server half configured. What each is alone was checked when it was set.
func (s *settings) validate() error {
	if err := s.store.validate(); err != nil {
		return err
	}
	switch {
	case (s.tlsCert == "") != (s.tlsKey == ""):
		return errors.New("--tls-cert and --tls-key must be given together")
	case s.sessionMax > auth.MostSessionMax:
		return fmt.Errorf("%s %q: must be at most %s", named("session-max"), s.sessionMax, auth.MostSessionMax)
	case s.keepChanges > dialog.MaxSyncKept:
		return fmt.Errorf("%s %q: must be at most %s", named("keep-changes"), s.keepChanges, dialog.MaxSyncKept)
	case s.jwksURL == "" && s.jwksIssuer+s.jwksAudience != "":
		return errors.New("--jwks-issuer and --jwks-audience require --jwks-url")
	case s.jwksURL != "" && (s.jwksIssuer == "" || s.jwksAudience == ""):
		return errors.New("--jwks-url requires --jwks-issuer and --jwks-audience: without them, tokens made for other services would be accepted")
	case s.jwksURL != "" && !isHTTP(s.jwksURL):
		return fmt.Errorf("%s %q: must be an http:// or https:// URL", named("jwks-url"), shown(s.jwksURL))
	}
	if err := s.memory.Validate(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return fmt.Errorf("%s %q: must be an address and a port, for example 127.0.0.1:8080", named("listen"), shown(s.listen))
	}
	if s.dev && !isLoopback(s.listen) {
		return errors.New("--dev serves on loopback only: set --listen to 127.0.0.1, [::1] or localhost with a port")
	}
	return checkOrigins(s.allowOrigins)
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
