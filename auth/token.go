package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

// leeway is how far the clocks of an issuer and this server may differ for the
// start of a token's validity. Its end is exact.
const leeway = 30 * time.Second

var (
	// errNotChecked means that a request ended before its token's turn.
	errNotChecked = errors.New("waiting to check a signature")
	// errSubject means that the subject of a token is not a user id.
	errSubject = errors.New("the subject is not a user id")
)

// tokens verifies session tokens. The key decides which algorithm a token may use:
// HS256 with one of the secrets, the others with the issuer's keys.
type tokens struct {
	secrets atomic.Pointer[[][]byte]
	now     func() time.Time
	most    time.Duration // the longest lifetime of a session
	parser  *jwt.Parser
	known   *remembered
	// issuer and issuerClaims are nil when no JWKS is configured.
	issuer       *issuer
	issuerClaims *jwt.Validator
	// checks has a place for each signature of an issuer that is checked at a
	// time, so that invented tokens don't use all CPUs.
	checks chan struct{}
}

func newTokens(ctx context.Context, c Config) (*tokens, error) {
	known, err := newRemembered()
	if err != nil {
		return nil, err
	}
	t := &tokens{now: c.Now, most: c.SessionMax, known: known}
	if err := setSecrets(&t.secrets, c.Secrets); err != nil {
		return nil, err
	}
	methods := []string{jwt.SigningMethodHS256.Alg()}
	configured, err := c.JWKS.configured()
	if err != nil {
		return nil, err
	}
	if configured {
		if t.issuer, err = newIssuer(ctx, c); err != nil {
			return nil, err
		}
		methods = append(methods, jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodEdDSA.Alg())
		t.checks = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))
		t.issuerClaims = jwt.NewValidator(c.JWKS.claims()...)
	}
	t.parser = jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods(methods), jwt.WithStrictDecoding())
	return t, nil
}

func (t *tokens) close() {
	if t.issuer != nil {
		t.issuer.close()
	}
}

func (t *tokens) verify(ctx context.Context, text string) (Identity, error) {
	if id, ok := t.known.find(text, t.secrets.Load(), t.now()); ok {
		return id, nil
	}
	id, err := t.verifyNew(ctx, text)
	if err == nil {
		t.known.add(text, id)
	}
	return id, err
}

func (t *tokens) verifyNew(ctx context.Context, text string) (Identity, error) {
	// A map, because the names of claims are case-sensitive and those of a
	// struct are not: a claim "SUB" must not be taken for the subject.
	claims := jwt.MapClaims{}
	key := keySearch{tokens: t}
	token, err := t.parser.ParseWithClaims(text, claims, key.find(ctx))
	key.done()
	if err != nil {
		return Identity{}, explain(text, err)
	}
	if !t.strict(token) {
		return Identity{}, tokenRefused(unknownMessage)
	}
	when, err := readTimes(claims)
	if err != nil {
		return Identity{}, err
	}
	now := t.now()
	expires, expired := when.expiry(now, t.most)
	user, err := t.userOf(token, claims)
	switch {
	case expired != nil && err == nil:
		return Identity{}, ofCaller(dialog.Caller{User: user}, expired)
	case expired != nil:
		return Identity{}, expired
	case err != nil:
		return Identity{}, explain(text, err)
	}
	identity := Identity{Caller: dialog.Caller{User: user}, ExpiresAt: expires, secrets: key.secrets, asOf: now}
	identity.TokenID, _ = claims["jti"].(string)
	identity.session = sessionID(identity)
	if when.iat != 0 {
		identity.IssuedAt, identity.issued = seconds(when.iat), time.UnixMicro(int64(when.iat*1e6)).UTC()
	}
	return identity, nil
}

// userOf returns whose token it is, by its subject. The signature must be valid.
func (t *tokens) userOf(token *jwt.Token, claims jwt.MapClaims) (dialog.UserID, error) {
	if token.Method != jwt.SigningMethodHS256 {
		if err := t.issuerClaims.Validate(timeless{claims}); err != nil {
			return "", err
		}
	}
	subject, err := claims.GetSubject()
	if err != nil {
		return "", errSubject
	}
	user, err := dialog.ParseUserID("", subject)
	if err != nil {
		return "", errSubject
	}
	return user, nil
}

// A keySearch finds the key of one token, and keeps a place for checking its
// signature until it is done.
type keySearch struct {
	*tokens
	held    bool
	secrets *[][]byte // those of which one was used, if any
}

func (k *keySearch) find(ctx context.Context) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if token.Method == jwt.SigningMethodHS256 {
			k.secrets = k.tokens.secrets.Load()
			return anyOf(*k.secrets), nil
		}
		key, err := k.issuer.keys.KeyfuncCtx(ctx)(token)
		if err != nil {
			return nil, err
		}
		select {
		case k.checks <- struct{}{}:
			k.held = true
			return key, nil
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errNotChecked, ctx.Err())
		}
	}
}

// anyOf are the keys of which one must have signed a token.
func anyOf(secrets [][]byte) any {
	if len(secrets) == 1 {
		return secrets[0]
	}
	var set jwt.VerificationKeySet
	for _, secret := range secrets {
		set.Keys = append(set.Keys, secret)
	}
	return set
}

func (k *keySearch) done() {
	if k.held {
		<-k.checks
	}
}

// strict rejects what a lenient parser would change: a name that occurs twice, and
// invalid UTF-8, which encoding/json replaces so that two subjects become one. It
// also rejects a token with a critical extension (crit), because none is
// supported.
func (t *tokens) strict(token *jwt.Token) bool {
	if _, critical := token.Header["crit"]; critical {
		return false
	}
	for part := range strings.SplitSeq(token.Raw[:strings.LastIndexByte(token.Raw, '.')], ".") {
		text, err := t.parser.DecodeSegment(part)
		if err != nil || !jsontext.Value(text).IsValid() {
			return false
		}
	}
	return true
}

const (
	unknownMessage = "invalid session token: malformed or signed with an unknown key"
	expiredMessage = "the session token has expired"
	missingMessage = "invalid session token: a required claim is missing"
	subjectMessage = "invalid session token: the subject (sub) must be a user id"
)

// explain says what is wrong with a token, without quoting any of it.
func explain(text string, err error) error {
	switch {
	case errors.Is(err, errKeysAway), errors.Is(err, errNotChecked):
		return unavailable("session tokens cannot be checked at the moment; try again", err)
	case errors.Is(err, errSubject):
		return tokenRefused(subjectMessage)
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return tokenRefused("invalid session token: wrong issuer (iss)")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return tokenRefused("invalid session token: wrong audience (aud)")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return tokenRefused(missingMessage)
	case strings.HasPrefix(text, KeyPrefix):
		return tokenRefused("invalid session token: send an API key as Authorization: ApiKey <key>")
	}
	return tokenRefused(unknownMessage)
}
