package edge

import (
	"errors"
	"log/slog"
	"net/http"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// SignIn finds out who is calling, once per request, and refuses invalid
// credentials. They are always looked at: only failures count against an
// address, so that nobody is refused for what their neighbors send. An address
// with too many failures is told to wait.
func SignIn(a *auth.Authenticator, limiter *RateLimiter, log *slog.Logger, refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			identity, err := a.Authenticate(r.Context(), r.Header)
			if err != nil {
				refusal := credentialsRefused(r, log, err)
				api.NoteReason(r.Context(), refusal.Message)
				if refusal.HTTPStatus() < http.StatusInternalServerError {
					if tooOften := limiter.failed(clientFrom(r.Context()).address); tooOften != nil {
						refusal = tooOften
					}
				}
				refuse(w, r, refusal)
				return
			}
			noteCaller(r, identity.Caller)
			next.ServeHTTP(w, r.WithContext(auth.WithIdentity(r.Context(), identity)))
		})
	}
}

func noteCaller(r *http.Request, c dialog.Caller) {
	if c.User != "" {
		api.Note(r.Context(), slog.String("user", string(c.User)))
	}
	if c.APIKey != "" {
		api.Note(r.Context(), slog.String("api_key", c.APIKey))
	}
}

// credentialsRefused is what a caller may know about why credentials failed.
func credentialsRefused(r *http.Request, log *slog.Logger, err error) *api.Refusal {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		return api.RefusalOf(r.Context(), log, err)
	}
	if refused.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		api.NoteUnavailable(r.Context(), log, err)
	}
	return &api.Refusal{Code: api.CodeOfStatus(refused.Status), Message: refused.Message, Challenge: refused.Challenge}
}
