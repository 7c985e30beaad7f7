package auth

import (
	"context"
	"time"

	"dialogs/dialog"
)

// An Identity is what the credentials of a request came to. The zero Identity
// is anonymous.
type Identity struct {
	Caller dialog.Caller
	// ExpiresAt is when the session token ends, in UTC; zero for everyone who
	// came without one.
	ExpiresAt time.Time
	// IssuedAt is when it was made, zero when it does not tell.
	IssuedAt time.Time
	// TokenID is the session token's jti, empty when it has none.
	TokenID string
}

type identityKey struct{}

// WithIdentity returns a context that carries the identity.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// FromContext returns the identity that the context carries; without one it
// is anonymous.
func FromContext(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}
