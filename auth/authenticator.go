package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"dialogs/dialog"
)

// A Config is the configuration of an [Authenticator].
type Config struct {
	// Secrets verify HS256 session tokens: a token is valid if one of them signed it.
	// Each has at least [MinSecretBytes].
	Secrets [][]byte
	// Keys has the API keys.
	Keys dialog.KeyStore
	// ProcessKeys are API keys that are valid beside those in Keys, for as long
	// as this authenticator exists. They are not in any store.
	ProcessKeys []dialog.APIKey
	// Sessions has the session tokens that were ended.
	Sessions dialog.SessionStore
	// JWKS is another issuer of session tokens; the zero value is none.
	JWKS JWKS
	// SessionMax is the longest time that a session token is accepted after it
	// was issued, whatever its exp; 0 for [DefaultSessionMax], and at most
	// [MostSessionMax]. A token without iat must expire within it.
	SessionMax time.Duration
	// Now is the clock, usually [time.Now].
	Now func() time.Time
	// Log gets a message when the JWKS becomes unreadable, and when it is
	// readable again.
	Log *slog.Logger
}

// An Authenticator finds out who is calling. Its methods are safe for concurrent
// use.
//
// Their errors are [Error] values. Failures of the store are internal errors,
// unless the store is unreachable.
type Authenticator struct {
	tokens   *tokens
	sessions *sessions
	users    *users
	keys     *keyring
	again    again
}

// New returns an error for an incomplete configuration. It does not wait for the
// store or the JWKS. Its background work ends with ctx or with Close.
func New(ctx context.Context, c Config) (*Authenticator, error) {
	if c.Keys == nil || c.Sessions == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("auth: Keys, Sessions, Now and Log are required")
	}
	if c.SessionMax == 0 {
		c.SessionMax = DefaultSessionMax
	}
	if c.SessionMax < time.Second || c.SessionMax > MostSessionMax {
		return nil, fmt.Errorf("auth: SessionMax must be between 1 second and %s", MostSessionMax)
	}
	sessions, err := newSessions(c)
	if err != nil {
		return nil, err
	}
	users, err := newUsers(c)
	if err != nil {
		return nil, err
	}
	tokens, err := newTokens(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Authenticator{tokens: tokens, sessions: sessions, users: users, keys: newKeyring(ctx, c)}, nil
}

// SetSecrets replaces the secrets of HS256 session tokens. Tokens that none of the new
// ones signed are invalid from then on. The error is that of [New] for a short secret.
func (a *Authenticator) SetSecrets(secrets [][]byte) error {
	return setSecrets(&a.tokens.secrets, secrets)
}

// Close ends the background work and waits for it.
func (a *Authenticator) Close() {
	a.tokens.close()
	a.keys.close()
}

// Authenticate returns who sent an HTTP request.
func (a *Authenticator) Authenticate(ctx context.Context, h http.Header) (Identity, error) {
	c, err := ParseHeader(h)
	if err != nil {
		return Identity{}, err
	}
	return a.verify(ctx, c)
}

// AuthenticateConnectionInit returns who opened a WebSocket connection. The
// upgrade request and the payload of connection_init may have one credential in
// all.
func (a *Authenticator) AuthenticateConnectionInit(ctx context.Context, upgrade http.Header, payload map[string]any) (Identity, error) {
	c, err := ParseConnectionInit(upgrade, payload)
	if err != nil {
		return Identity{}, err
	}
	return a.verify(ctx, c)
}

// EndSession ends the session token of this identity. It is rejected here at once,
// and by other authenticators of the same store within 5 seconds. For a
// credential that can't be ended, the error is [dialog.Invalid].
func (a *Authenticator) EndSession(ctx context.Context, id Identity) error {
	return a.sessions.end(ctx, id)
}

// EndUserSessions ends all session tokens of a user that were issued until now, of other
// issuers too. They are rejected here at once, and by other authenticators of the same store
// within 5 seconds.
func (a *Authenticator) EndUserSessions(ctx context.Context, user dialog.UserID) error {
	return a.users.end(ctx, user)
}

// SuspendUser rejects all credentials of a user, here at once and by other authenticators
// within 5 seconds, until the user is reinstated: session tokens, those of other issuers too,
// and API keys on behalf of the user.
func (a *Authenticator) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool) error {
	return a.users.suspend(ctx, user, suspended)
}

// ended rejects a session that was ended, and users who are suspended.
func (a *Authenticator) ended(ctx context.Context, id Identity) error {
	err := a.sessions.check(ctx, id)
	if err == nil {
		err = a.users.check(ctx, id)
	}
	return ofCaller(id.Caller, err)
}

func (a *Authenticator) verify(ctx context.Context, c Credentials) (Identity, error) {
	switch {
	case c.Token != "":
		id, err := a.tokens.verify(ctx, c.Token)
		if err == nil {
			err = a.ended(ctx, id)
		}
		if err != nil {
			return Identity{}, err
		}
		id.credentials = c
		return id, nil
	case c.APIKey != "":
		key, err := a.keys.verify(ctx, c.APIKey)
		if err != nil {
			return Identity{}, err
		}
		id := Identity{Caller: dialog.Caller{User: c.OnBehalfOf, APIKey: key.Name, Scopes: key.Scopes}, credentials: c}
		if err := a.users.check(ctx, id); err != nil {
			return Identity{}, ofCaller(id.Caller, err)
		}
		return id, nil
	}
	return Identity{}, nil
}
