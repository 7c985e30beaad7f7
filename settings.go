package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/store"
	"dialogs/store/sqlite"
)

// settings are what an operator can set: each a flag, and an environment
// variable of the same name. A flag wins.
type settings struct {
	listen string
	// tlsCert and tlsKey are files; both or neither.
	tlsCert, tlsKey string
	store           string
	secret          string

	jwksURL, jwksIssuer, jwksAudience string

	logFormat, logLevel                 string
	dev, introspection, playground      bool
	quickblox                           bool
	storeTimeout, requestTimeout, grace time.Duration
	mongoPoolMax, mongoPoolMin          uint64
	headerLimit                         int
	requestLimits                       graph.Limits
	limits                              dialog.Limits
	rateLimit, rateLimitKey             float64
	allowOrigins                        []string
	trustedDocuments                    string
}

// leastSecret is the shortest secret that HS256 is safe with, in bytes.
const leastSecret = 32

func (s *settings) bind(fs *pflag.FlagSet) {
	s.limits, s.requestLimits = dialog.DefaultLimits(), graph.DefaultLimits()
	fs.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to serve on")
	fs.StringVar(&s.tlsCert, "tls-cert", "", "file with a certificate and its chain in PEM, to serve HTTPS from TLS 1.2 on; read again when it changes")
	fs.StringVar(&s.tlsKey, "tls-key", "", "file with the certificate's key in PEM; needed with --tls-cert")
	fs.StringVar(&s.store, "store", "./data", "directory of the embedded store, or a mongodb:// or mongodb+srv:// URI with the database's name")
	fs.StringVar(&s.secret, "secret", "", "key of the server's own session tokens (HS256), at least 32 bytes; the embedded store keeps one of its own")
	fs.StringVar(&s.jwksURL, "jwks-url", "", "where the keys of another issuer's session tokens are (RS256, ES256, EdDSA)")
	fs.StringVar(&s.jwksIssuer, "jwks-issuer", "", "what iss of that issuer's tokens must be; needed with --jwks-url")
	fs.StringVar(&s.jwksAudience, "jwks-audience", "", "what aud of that issuer's tokens must have; needed with --jwks-url")
	fs.StringVar(&s.logFormat, "log-format", "text", "text or json")
	fs.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.BoolVar(&s.dev, "dev", false, "development mode: introspection and the playground, with a key filled in; loopback only")
	fs.BoolVar(&s.introspection, "introspection", false, "let anyone read the schema, and see suggestions in errors")
	fs.BoolVar(&s.playground, "playground", false, "serve GraphiQL at /playground")
	fs.BoolVar(&s.quickblox, "quickblox", true, "serve what QuickBlox documents for dialogs: /chat/Dialog.json, /session.json and others")
	fs.DurationVar(&s.storeTimeout, "store-timeout", 5*time.Second, "how long one call of the store may take")
	fs.Uint64Var(&s.mongoPoolMax, "mongo-pool-max", 0, "most connections to each server of MongoDB; 0 for what the URI says, else 100")
	fs.Uint64Var(&s.mongoPoolMin, "mongo-pool-min", 0, "connections that are kept open to each server of MongoDB; 0 for what the URI says, else none")
	fs.DurationVar(&s.requestTimeout, "request-timeout", 10*time.Second, "how long one request may take")
	fs.DurationVar(&s.grace, "shutdown-grace", 15*time.Second, "how long requests may go on after a signal to stop")
	fs.StringSliceVar(&s.allowOrigins, "allow-origins", nil, "origins of other web pages that may call, such as https://app.example.com; separated by commas")
	fs.StringVar(&s.trustedDocuments, "trusted-documents", "", "JSON file of ids and documents: execute only these")
	fs.Float64Var(&s.rateLimit, "rate-limit", 50, "requests a second of one user, or of one address without credentials or with such as do not hold; twice as many at once; 0 for no limit")
	fs.Float64Var(&s.rateLimitKey, "rate-limit-key", 1000, "requests a second of one API key that acts for nobody; twice as many at once; 0 for no limit")
	fs.Int64Var(&s.requestLimits.Body, "limit-body", s.requestLimits.Body, "largest request body, in bytes")
	fs.IntVar(&s.headerLimit, "limit-headers", 16<<10, "largest request header, in bytes")
	fs.IntVar(&s.requestLimits.Tokens, "limit-tokens", s.requestLimits.Tokens, "most lexical tokens of a document")
	fs.IntVar(&s.requestLimits.Fields, "limit-document-fields", s.requestLimits.Fields, "most fields, fragments and operations that a document may be written with")
	fs.IntVar(&s.requestLimits.Depth, "limit-depth", s.requestLimits.Depth, "how deep the fields of a document may nest")
	fs.IntVar(&s.requestLimits.Aliases, "limit-aliases", s.requestLimits.Aliases, "most aliases of a document")
	fs.IntVar(&s.requestLimits.Operations, "limit-operations", s.requestLimits.Operations, "most operations of a document")
	fs.IntVar(&s.requestLimits.Complexity, "limit-complexity", s.requestLimits.Complexity, "most fields that an answer may come to, pages counted as often as they are long")
	fs.IntVar(&s.limits.NameLength, "limit-name", s.limits.NameLength, "longest name of a dialog, in characters")
	fs.IntVar(&s.limits.PhotoBytes, "limit-photo", s.limits.PhotoBytes, "longest photo, in bytes")
	fs.IntVar(&s.limits.Occupants, "limit-occupants", s.limits.Occupants, "most occupants of a dialog")
	fs.IntVar(&s.limits.Admins, "limit-admins", s.limits.Admins, "most admins of a dialog")
	fs.IntVar(&s.limits.IDsPerList, "limit-ids", s.limits.IDsPerList, "most ids in one list of an update or a filter")
	fs.IntVar(&s.limits.FieldsPerClass, "limit-fields", s.limits.FieldsPerClass, "most fields of a custom class")
	fs.IntVar(&s.limits.CustomBytes, "limit-custom-data", s.limits.CustomBytes, "most custom data of a dialog, in bytes of compact JSON")
	fs.VisitAll(func(f *pflag.Flag) { f.Usage += " (" + environmentName(f.Name) + ")" })
}

// environmentName is the environment variable of a flag.
func environmentName(flag string) string {
	return "DIALOGS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets what no flag did.
func fromEnvironment(fs *pflag.FlagSet, getenv func(string) string) error {
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		value := getenv(environmentName(f.Name))
		if f.Changed || value == "" {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", environmentName(f.Name), err))
		}
	})
	return errors.Join(errs...)
}

// embedded tells whether the store is the embedded one.
func (s *settings) embedded() bool { return isDirectory(s.store) }

// isDirectory tells whether an address is that of an embedded store.
func isDirectory(address string) bool { return !strings.Contains(address, "://") }

// checkStore refuses an address that no store has, and settings that no store
// can be opened with. The flag is where the address came from.
func (s *settings) checkStore(flag, address string) error {
	switch {
	case address == "":
		return fmt.Errorf("%s must name a directory or a MongoDB URI", flag)
	case !isDirectory(address) && !isMongoDB(address):
		return fmt.Errorf("%s must be a directory, or a URI that starts with mongodb:// or mongodb+srv://", flag)
	case s.storeTimeout <= 0:
		return errors.New("--store-timeout must be positive")
	}
	return nil
}

// openStore opens the store at an address, which is checked already. Only who
// is about to fill it makes one: for all others a directory without a store is
// a mistyped one. The log, if there is one, is told what fails in the
// background.
func (s *settings) openStore(ctx context.Context, flag, address string, fresh bool, log *slog.Logger) (dialog.Store, error) {
	if isDirectory(address) && !fresh {
		exists, err := sqlite.Exists(address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		if !exists {
			return nil, fmt.Errorf("%s: there is no store in %s", flag, address)
		}
	}
	st, err := store.Open(ctx, address, store.Options{
		Timeout: s.storeTimeout, MongoMaxPool: s.mongoPoolMax, MongoMinPool: s.mongoPoolMin, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return st, nil
}

// validate refuses settings that would leave the server half-configured. The
// secret has its own check, in [settings.secretOrOwn].
func (s *settings) validate() error {
	if err := s.checkStore("--store", s.store); err != nil {
		return err
	}
	for _, check := range []struct {
		wrong   bool
		message string
	}{
		{(s.tlsCert == "") != (s.tlsKey == ""), "--tls-cert and --tls-key go together"},
		{s.jwksURL == "" && s.jwksIssuer+s.jwksAudience != "", "--jwks-issuer and --jwks-audience need --jwks-url"},
		{s.jwksURL != "" && (s.jwksIssuer == "" || s.jwksAudience == ""), "--jwks-url needs --jwks-issuer and --jwks-audience: any other service's tokens would do otherwise"},
		{s.jwksURL != "" && !isHTTP(s.jwksURL), "--jwks-url must be an http:// or https:// URL"},
		{s.logFormat != "text" && s.logFormat != "json", "--log-format must be text or json"},
		{s.requestTimeout <= 0, "--request-timeout must be positive"},
		{s.grace < 0, "--shutdown-grace must not be negative"},
		{s.headerLimit < 1024, "--limit-headers must be at least 1024"},
		{!isRate(s.rateLimit) || !isRate(s.rateLimitKey), "--rate-limit and --rate-limit-key must be from 0 to 1000000"},
	} {
		if check.wrong {
			return errors.New(check.message)
		}
	}
	if s.dev && !isLoopback(s.listen) {
		return errors.New("--dev serves on loopback only: --listen must be 127.0.0.1, [::1] or localhost, with a port")
	}
	return errors.Join(s.limits.Validate(), s.requestLimits.Validate())
}

// isRate tells whether f can be a number of requests a second: it is neither
// negative nor NaN, nor so large that a bucket can't count it.
func isRate(f float64) bool { return f >= 0 && f <= 1e6 }

func isMongoDB(uri string) bool {
	return strings.HasPrefix(uri, "mongodb://") || strings.HasPrefix(uri, "mongodb+srv://")
}

// storeName tells where the data is, without credentials.
func (s *settings) storeName() string {
	if s.embedded() {
		return s.store
	}
	u, err := url.Parse(s.store)
	if err != nil {
		return "MongoDB"
	}
	return u.Scheme + "://" + u.Host + u.Path
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

// secretOrOwn returns the secret that was set, else the embedded store's own.
// When that is not there yet, it is made for who may make it, and an error for
// all others.
func (s *settings) secretOrOwn(fresh bool) ([]byte, error) {
	secret, name := s.secret, "--secret"
	switch {
	case secret != "":
	case !s.embedded():
		return nil, errors.New("--secret is needed with MongoDB: every instance must have the same")
	default:
		name = filepath.Join(s.store, "secret")
		var err error
		if secret, err = readPrivate(name); errors.Is(err, os.ErrNotExist) {
			if !fresh {
				return nil, fmt.Errorf("--store: no server has served %s, and there is no --secret: %w", s.store, err)
			}
			secret, err = keepPrivate(name, randomText)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(secret) < leastSecret {
		return nil, fmt.Errorf("%s must have at least %d bytes", name, leastSecret)
	}
	return []byte(secret), nil
}

// readPrivate returns what a file holds that keepPrivate made.
func readPrivate(path string) (string, error) {
	content, err := os.ReadFile(path)
	return strings.TrimSpace(string(content)), err
}

// keepPrivate makes a file, which only its owner can read, and returns what it
// holds. Of two processes that make it at once, one wins and both return the
// winner's.
func keepPrivate(path string, fresh func() string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if err := writePrivate(path, fresh()); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return readPrivate(path)
}

// writePrivate makes a file that only its owner can read, whole or not at
// all; one that is there stays, and is [os.ErrExist].
func writePrivate(path, content string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	if _, err := temp.WriteString(content + "\n"); err != nil {
		_ = temp.Close()
		return err
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Link(temp.Name(), path) // CreateTemp made it 0600; Link never replaces
}
