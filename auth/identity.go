package auth

import (
	"context"
	"time"

	"dialogs/dialog"
)

// An Identity is the caller of a request. The zero Identity is anonymous.
type Identity struct {
	Caller dialog.Caller
	// ExpiresAt is when the session token expires, in UTC; zero without one.
	ExpiresAt time.Time
	// IssuedAt is when the token was issued, in UTC; zero when unknown.
	IssuedAt time.Time
	// TokenID is the session token's jti, empty when it has none.
	TokenID string

	// credentials are those of the caller, to check them again.
	credentials Credentials
	// issued is IssuedAt to the microsecond.
	issued time.Time
	// session identifies the token's session in the store; empty for one
	// without an id.
	session string
	// secrets are those of which one signed the token; nil for a token of another
	// issuer.
	secrets *[][]byte
	// asOf is when the times of the token were compared with the clock.
	asOf time.Time
}

type identityKey struct{}

// WithIdentity returns a context with the identity.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return &identified{ctx, id}
}

// An identified context carries an identity.
type identified struct {
	context.Context
	identity Identity
}

// Value returns the identity, or a value of the context that it comes from.
func (c *identified) Value(key any) any {
	if key == (identityKey{}) {
		return &c.identity
	}
	return c.Context.Value(key)
}

// FromContext returns the identity in the context; without one it is anonymous.
func FromContext(ctx context.Context) Identity {
	if id, ok := ctx.Value(identityKey{}).(*Identity); ok {
		return *id
	}
	return Identity{}
}
