package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// Callers identifies the callers of long-lived connections, and checks whether their
// credentials are still valid. Rate limits count each operation on these connections.
type Callers struct {
	Authenticator *auth.Authenticator
	Limiter       *RateLimiter
	Log           *slog.Logger // [Seldom]: anyone can try to sign in
}

// SignIn identifies the caller who has opened a WebSocket: the credentials are in its
// upgrade request or in the payload of connection_init. It returns a context with the
// caller. Its errors are [api.Refusal]s.
func (c Callers) SignIn(ctx context.Context, upgrade http.Header, payload map[string]any) (context.Context, error) {
	defer check(ctx)()
	identity, err := c.Authenticator.AuthenticateConnectionInit(ctx, upgrade, payload)
	if err != nil {
		return nil, signInRefused(ctx, c.Limiter, c.Log, err)
	}
	known, address := auth.FromContext(ctx).Caller, clientFrom(ctx).address
	if known != identity.Caller { // otherwise it was already noted
		noteCaller(ctx, identity.Caller)
	}
	if known.Kind() == dialog.Anonymous { // otherwise the upgrade was counted
		if refusal := c.Limiter.Take(identity.Caller, address, 1); refusal != nil {
			return nil, refusal
		}
	}
	if identity.Caller.Kind() != dialog.Anonymous {
		settle(ctx)
	}
	ctx = auth.WithIdentity(ctx, identity)
	return api.WithCharger(ctx, c.Limiter.charger(identity.Caller, address)), nil
}

// Home names the network of the client that has opened a WebSocket: callers who sign in
// from one network take turns with those from others.
func (c Callers) Home(ctx context.Context) string {
	return neighborhood(clientFrom(ctx).address).String()
}

// checkTimeout is how long the store may take to check all callers.
const checkTimeout = 4 * time.Second

// Check returns an error for each context: an [api.Refusal] if the credentials of its
// caller are no longer valid, because their token has expired, or their session or key was
// ended; otherwise nil. If the store is unavailable, nobody is disconnected: without the
// store, they do not get changes either.
func (c Callers) Check(contexts []context.Context) []error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	callers := make([]auth.Identity, len(contexts))
	for i, of := range contexts {
		callers[i] = auth.FromContext(of)
	}
	refusals := make([]error, len(contexts))
	for i, err := range c.Authenticator.Check(ctx, callers) {
		var refused *auth.Error
		if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError {
			refusals[i] = &api.Refusal{Code: api.CodeOfStatus(refused.Status), Message: refused.Message}
		}
	}
	return refusals
}
