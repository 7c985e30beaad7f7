package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"dialogs/dialog"
)

// A Config is what an [Authenticator] goes by.
type Config struct {
	// Secret checks the HS256 session tokens: at least [MinSecretBytes].
	Secret []byte
	// Keys keeps the API keys.
	Keys dialog.KeyStore
	// Sessions keeps which session tokens were ended.
	Sessions dialog.SessionStore
	// JWKS names another issuer of session tokens; the zero value, none.
	JWKS JWKS
	// Now is the clock, such as [time.Now].
	Now func() time.Time
	// Log is told when the JWKS can't be read, and when it can again.
	Log *slog.Logger
}

// An Authenticator finds out who is calling. Its methods are safe for
// concurrent use.
//
// Their errors are [Error] values, or internal when the store of the API keys
// fails otherwise than by being away.
type Authenticator struct {
	tokens   *tokens
	sessions *sessions
	keys     *keyring
}

// New refuses a half configuration, and does not wait for the store or the
// JWKS. What it starts in the background ends with ctx or with Close.
func New(ctx context.Context, c Config) (*Authenticator, error) {
	if c.Keys == nil || c.Sessions == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("auth: Keys, Sessions, Now and Log are required")
	}
	sessions, err := newSessions(c.Sessions, c.Now)
	if err != nil {
		return nil, err
	}
	tokens, err := newTokens(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Authenticator{tokens: tokens, sessions: sessions, keys: newKeyring(ctx, c.Keys, c.Now)}, nil
}

// Close ends what runs in the background and waits for it.
func (a *Authenticator) Close() {
	a.tokens.close()
	a.keys.close()
}

// Authenticate tells who an HTTP request comes from.
func (a *Authenticator) Authenticate(ctx context.Context, h http.Header) (Identity, error) {
	c, err := ParseHeader(h)
	if err != nil {
		return Identity{}, err
	}
	return a.verify(ctx, c)
}

// AuthenticateConnectionInit tells who a WebSocket connection comes from: the
// request that was upgraded and the payload of connection_init together carry
// at most one credential.
func (a *Authenticator) AuthenticateConnectionInit(ctx context.Context, upgrade http.Header, payload map[string]any) (Identity, error) {
	c, err := ParseConnectionInit(upgrade, payload)
	if err != nil {
		return Identity{}, err
	}
	return a.verify(ctx, c)
}

// EndSession makes the session token that the identity came with be refused:
// here at once, by other authenticators of the store within 5 seconds. One
// that can't be ended is an error of the code [dialog.Invalid].
func (a *Authenticator) EndSession(ctx context.Context, id Identity) error {
	return a.sessions.end(ctx, id)
}

func (a *Authenticator) verify(ctx context.Context, c Credentials) (Identity, error) {
	switch {
	case c.Token != "":
		id, err := a.tokens.verify(ctx, c.Token)
		if err == nil {
			err = a.sessions.check(ctx, id)
		}
		if err != nil {
			return Identity{}, err
		}
		return id, nil
	case c.APIKey != "":
		name, err := a.keys.verify(ctx, c.APIKey)
		if err != nil {
			return Identity{}, err
		}
		return Identity{Caller: dialog.Caller{User: c.OnBehalfOf, APIKey: name}}, nil
	}
	return Identity{}, nil
}
