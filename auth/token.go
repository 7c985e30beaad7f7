package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

// leeway is how far the clocks of an issuer and this server may differ for the
// start of a token's validity. Its end is exact.
const leeway = 30 * time.Second

// tokens verifies session tokens. The key decides which algorithm a token may use:
// HS256 with the secret, the others with the issuer's keys.
type tokens struct {
	secret []byte
	now    func() time.Time
	most   time.Duration // the longest lifetime of a session
	parser *jwt.Parser
	// issuer and issuerClaims are nil when no JWKS is configured.
	issuer       *issuer
	issuerClaims *jwt.Validator
}

func newTokens(ctx context.Context, c Config) (*tokens, error) {
	if err := checkSecret(c.Secret); err != nil {
		return nil, err
	}
	t := &tokens{secret: slices.Clone(c.Secret), now: c.Now, most: c.SessionMax}
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
	// A map, because the names of claims are case-sensitive and those of a
	// struct are not: a claim "SUB" must not be taken for the subject.
	claims := jwt.MapClaims{}
	token, err := t.parser.ParseWithClaims(text, claims, t.keyFor(ctx))
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
	expires, err := when.expiry(t.now(), t.most)
	if err != nil {
		return Identity{}, err
	}
	if token.Method != jwt.SigningMethodHS256 {
		if err := t.issuerClaims.Validate(timeless{claims}); err != nil {
			return Identity{}, explain(text, err)
		}
	}
	subject, err := claims.GetSubject()
	if err != nil {
		return Identity{}, tokenRefused(subjectMessage)
	}
	user, err := dialog.ParseUserID("", subject)
	if err != nil {
		return Identity{}, tokenRefused(subjectMessage)
	}
	identity := Identity{Caller: dialog.Caller{User: user}, ExpiresAt: expires}
	identity.TokenID, _ = claims["jti"].(string)
	if when.iat != 0 {
		identity.IssuedAt = seconds(when.iat)
	}
	return identity, nil
}

func (t *tokens) keyFor(ctx context.Context) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if token.Method == jwt.SigningMethodHS256 {
			return t.secret, nil
		}
		return t.issuer.keys.KeyfuncCtx(ctx)(token)
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
	case errors.Is(err, errKeysAway):
		return unavailable("session tokens cannot be checked at the moment; try again", err)
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
