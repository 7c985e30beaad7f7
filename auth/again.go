package auth

import (
	"context"
	"sync"
	"time"
)

// again remembers when the tokens of another issuer that long connections began with
// were verified last: checking a signature takes long, and many connections can have
// the same token.
type again struct {
	mu       sync.Mutex
	verified map[string]time.Time
}

// Check authenticates the callers of long connections again, by the credentials that
// these began with, and returns an error or nil for each. It is meant to be called for
// each caller within 1.2 seconds after the connection began, and then every 3.6 seconds: a
// session that was ended, or a key that was revoked, is then rejected within 5 seconds. It
// asks the store about many sessions at once, and checks the signature of each token of
// another issuer every 4 seconds. Anonymous callers are always accepted.
func (a *Authenticator) Check(ctx context.Context, callers []Identity) []error {
	a.again.mu.Lock()
	defer a.again.mu.Unlock()
	errs := make([]error, len(callers))
	a.sessions.refresh(ctx, callers)
	a.users.refresh(ctx, callers)
	a.keys.refresh(ctx, callers)
	verified := map[string]time.Time{}                     // only of those who are still there
	failed, keys := map[string]error{}, map[string]error{} // by token, and by API key
	for i, id := range callers {
		token, key := id.credentials.Token, id.credentials.APIKey
		switch known, ok := failed[token]; {
		case ok && token != "":
			errs[i] = known
			continue
		case key != "":
			if _, ok := keys[key]; !ok {
				keys[key] = a.keys.check(key)
			}
			if errs[i] = keys[key]; errs[i] == nil {
				errs[i] = a.users.check(ctx, id)
			}
			continue
		case a.stillVerified(id, verified):
			if errs[i] = a.sessions.checkRefreshed(ctx, id); errs[i] == nil {
				errs[i] = a.users.check(ctx, id)
			}
			continue
		}
		if _, errs[i] = a.verify(ctx, id.credentials); errs[i] != nil {
			failed[token] = errs[i]
		} else if token != "" {
			verified[token] = a.tokens.now()
		}
	}
	a.again.verified = verified
	return errs
}

// stillVerified tells whether the signature of a caller's token need not be checked.
func (a *Authenticator) stillVerified(id Identity, verified map[string]time.Time) bool {
	now := a.tokens.now()
	if id.credentials.Token == "" || !now.Before(id.ExpiresAt) {
		return false
	}
	if id.secrets != nil {
		return id.secrets == a.tokens.secrets.Load()
	}
	token := id.credentials.Token
	if _, ok := verified[token]; ok {
		return true
	}
	at, ok := a.again.verified[token]
	if age := now.Sub(at); !ok || age < 0 || age >= sessionBelieved {
		return false
	}
	verified[token] = at
	return true
}
