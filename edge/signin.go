package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// SignIn identifies the caller, once per request, and refuses invalid credentials.
// Credentials are always checked, and only failures count against an address: so callers
// with valid credentials are not refused because of others at the same address. An address
// with too many failures is told to wait. The log should be [Seldom]: anyone can try to sign
// in.
func SignIn(a *auth.Authenticator, limiter *RateLimiter, log *slog.Logger, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			identity, err := a.Authenticate(r.Context(), r.Header)
			if err != nil {
				refuse(w, r, signInRefused(r.Context(), limiter, log, err))
				return
			}
			noteCaller(r.Context(), identity.Caller)
			next.ServeHTTP(w, with(r, auth.WithIdentity(contextOf(r), identity)))
		})
	}
}

// signInRefused counts a failed sign-in. It returns why it failed, or that there were too
// many.
func signInRefused(ctx context.Context, limiter *RateLimiter, log *slog.Logger, err error) *api.Refusal {
	refusal := credentialsRefused(ctx, log, err)
	api.NoteReason(ctx, refusal.Message)
	var refused *auth.Error
	if errors.As(err, &refused) && refused.Caller != auth.FromContext(ctx).Caller { // otherwise it was already noted
		noteCaller(ctx, refused.Caller)
	}
	address := clientFrom(ctx).address
	if refusal.HTTPStatus() >= http.StatusInternalServerError {
		if limiter.unchecked(address) { // strangers could fill the log while keys cannot be read
			api.Quiet(ctx)
		}
		return refusal
	}
	if tooOften := limiter.failed(address); tooOften != nil {
		return tooOften
	}
	return refusal
}

func noteCaller(ctx context.Context, c dialog.Caller) {
	if c.User != "" {
		api.Note(ctx, slog.String("user", string(c.User)))
	}
	if c.APIKey != "" {
		api.Note(ctx, slog.String("api_key", c.APIKey))
	}
}

// credentialsRefused returns what a caller may know about why their credentials were
// refused.
func credentialsRefused(ctx context.Context, log *slog.Logger, err error) *api.Refusal {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		return api.RefusalOf(ctx, log, err)
	}
	if refused.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		api.NoteUnavailable(ctx, log, err)
	}
	return &api.Refusal{Code: api.CodeOfStatus(refused.Status), Message: refused.Message, Challenge: refused.Challenge}
}
