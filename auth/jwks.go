package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

// A JWKS is an issuer of session tokens, identified by the URL of its public keys.
type JWKS struct {
	// URL is the http or https URL of the JSON Web Key Set.
	URL string
	// Issuer is the required iss of a token, Audience is required in its aud.
	// Empty means that it is not checked.
	Issuer, Audience string
	// Transport is used for requests to the URL; nil is the default one.
	Transport http.RoundTripper
}

const (
	// jwksEvery is how often the keys are read, and so how long a withdrawn key
	// is still trusted.
	jwksEvery = 5 * time.Minute
	// jwksRetry is how soon they are read again after a failure.
	jwksRetry = 15 * time.Second
	// jwksGap is the minimum time between two reads: tokens with unknown keys
	// trigger reads.
	jwksGap      = 5 * time.Second
	jwksTimeout  = 5 * time.Second
	jwksMaxBytes = 1 << 20
	minRSABits   = 2048
)

// errKeysAway means that a key is unknown and the JWKS could not be read.
var errKeysAway = errors.New("reading the JWKS")

func (j JWKS) claims() []jwt.ParserOption {
	var options []jwt.ParserOption
	if j.Issuer != "" {
		options = append(options, jwt.WithIssuer(j.Issuer))
	}
	if j.Audience != "" {
		options = append(options, jwt.WithAudience(j.Audience))
	}
	return options
}

func (j JWKS) check() error {
	u, err := url.Parse(j.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("auth: the JWKS URL must be an absolute http or https URL")
	}
	return nil
}

// configured reports whether there is a JWKS. An incomplete configuration, which
// would check nothing, is an error.
func (j JWKS) configured() (bool, error) {
	if j.URL == "" && (j.Issuer != "" || j.Audience != "") {
		return false, errors.New("auth: an issuer or audience can only be used with a JWKS URL")
	}
	return j.URL != "", nil
}

// An issuer has the keys at a JWKS URL. It starts and keeps working while the URL
// is unreachable. It reads the keys again regularly, and at once (but not too
// often) when a token has an unknown key.
type issuer struct {
	keys    keyfunc.Keyfunc
	fetches *refresher
}

func newIssuer(ctx context.Context, c Config) (*issuer, error) {
	if err := c.JWKS.check(); err != nil {
		return nil, err
	}
	transport := c.JWKS.Transport
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	}
	set := &keySet{MemoryJWKSet: jwkset.NewMemoryStorage(), url: c.JWKS.URL, log: c.Log, away: true, client: &http.Client{
		Transport: limited{transport},
		// Keys only come from the configured URL itself.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	fetches := newRefresher(ctx, jwksGap, jwksTimeout, c.Now, set.fetch)
	set.refresh = fetches.ask
	keys, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: set})
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	fetches.keepFresh(jwksEvery, jwksRetry)
	return &issuer{keys: keys, fetches: fetches}, nil
}

func (i *issuer) close() { i.fetches.close() }

// A keySet is the storage of keys that keyfunc reads from.
type keySet struct {
	*jwkset.MemoryJWKSet
	url     string
	client  *http.Client
	refresh func(context.Context) error
	log     *slog.Logger
	away    bool // no fetch yet, or the last one failed; used by fetch only
}

// KeyRead returns the key with this id, and fetches the keys if it is unknown.
func (s *keySet) KeyRead(ctx context.Context, id string) (jwkset.JWK, error) {
	if key, err := s.MemoryJWKSet.KeyRead(ctx, id); err == nil {
		return key, nil
	}
	if err := s.refresh(ctx); err != nil {
		return jwkset.JWK{}, fmt.Errorf("%w: %w", errKeysAway, err)
	}
	return s.MemoryJWKSet.KeyRead(ctx, id)
}

// KeyReadAll returns all keys, for a token without a key id.
func (s *keySet) KeyReadAll(ctx context.Context) ([]jwkset.JWK, error) {
	if keys, err := s.MemoryJWKSet.KeyReadAll(ctx); err == nil && len(keys) > 0 {
		return keys, nil
	}
	if err := s.refresh(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysAway, err)
	}
	return s.MemoryJWKSet.KeyReadAll(ctx)
}

// KeyReplaceAll keeps the keys that can verify tokens here.
func (s *keySet) KeyReplaceAll(ctx context.Context, keys []jwkset.JWK) error {
	return s.MemoryJWKSet.KeyReplaceAll(ctx, slices.DeleteFunc(keys, func(k jwkset.JWK) bool { return !verifies(k) }))
}

// fetch reads the keys once: creating a storage from a URL does that, and repeats
// it only with an interval.
func (s *keySet) fetch(ctx context.Context) error {
	_, err := jwkset.NewStorageFromHTTP(s.url, jwkset.HTTPClientStorageOptions{
		Client: s.client, Ctx: ctx, HTTPTimeout: jwksTimeout, Storage: s,
	})
	err = dialog.WithoutURL(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // the server is closing
	case err != nil:
		s.log.WarnContext(ctx, "JWKS unavailable, known keys stay valid", "error", err)
	case s.away:
		s.log.InfoContext(ctx, "JWKS loaded")
	}
	s.away = err != nil
	return err
}

// verifies pins the algorithm to the key: exactly one for each kind of key. A
// private key that was published by mistake is not accepted.
func verifies(k jwkset.JWK) bool {
	m := k.Marshal()
	if m.USE != "" && m.USE != jwkset.UseSig {
		return false
	}
	if len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify) {
		return false
	}
	var alg jwkset.ALG
	switch key := k.Key().(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return false
		}
		alg = jwkset.AlgRS256
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return false
		}
		alg = jwkset.AlgES256
	case ed25519.PublicKey:
		alg = jwkset.AlgEdDSA
	default:
		return false
	}
	return m.ALG == "" || m.ALG == alg
}

// limited limits the size of responses.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, jwksMaxBytes)
	}
	return response, err
}
