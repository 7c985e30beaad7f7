package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

const (
	// sessionBelieved is how long the answer "not ended" is used: a session
	// that another instance ends must be rejected within 5 seconds.
	sessionBelieved = 4 * time.Second
	// sessionsRemembered limits the memory, to about 5 MB. A session that is forgotten is
	// looked up again.
	sessionsRemembered = 20_000
)

// sessions knows which session tokens were ended before they expired. It asks the
// store about each token that is used, every few seconds, so that the cost
// depends on the number of callers and not of ended sessions.
type sessions struct {
	store dialog.SessionStore
	now   func() time.Time
	most  time.Duration // the longest lifetime of a session
	seen  *lru.Cache[string, sighting]
}

// A sighting is the store's answer about a session.
type sighting struct {
	ended bool      // never changes back
	asOf  time.Time // not later than the answer
}

func newSessions(c Config) (*sessions, error) {
	seen, err := lru.New[string, sighting](sessionsRemembered)
	if err != nil {
		return nil, err
	}
	return &sessions{store: c.Sessions, now: c.Now, most: c.SessionMax, seen: seen}, nil
}

// sessionID identifies a token's session in the store; empty for a token without
// an id. The user is part of it: users who can choose the ids of their tokens can
// only end their own sessions.
func sessionID(id Identity) string {
	if id.TokenID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(string(id.Caller.User) + "\x00" + id.TokenID))
	return hex.EncodeToString(sum[:])
}

// check rejects a session that was ended.
func (s *sessions) check(ctx context.Context, id Identity) error {
	name := sessionID(id)
	if name == "" {
		return nil
	}
	seen, ok := s.seen.Get(name)
	if !ok || !seen.ended && !s.believed(seen) {
		var err error
		if seen, err = s.look(ctx, name); err != nil {
			return err
		}
	}
	if seen.ended {
		return tokenRefused("invalid session token: the session has ended")
	}
	return nil
}

// believed reports whether a sighting is recent enough. One from the future, after
// the clock was set back, is not.
func (s *sessions) believed(seen sighting) bool {
	age := s.now().Sub(seen.asOf)
	return age >= 0 && age < sessionBelieved
}

func (s *sessions) look(ctx context.Context, name string) (sighting, error) {
	seen := sighting{asOf: s.now()}
	var err error
	if seen.ended, err = s.store.SessionEnded(ctx, name); err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return seen, unavailable("session tokens cannot be checked at the moment; try again", err)
		}
		return seen, fmt.Errorf("looking up a session: %w", err)
	}
	if known, ok := s.seen.Peek(name); ok && known.ended {
		return known, nil // ended here meanwhile
	}
	s.seen.Add(name, seen)
	return seen, nil
}

// endedUntil is how long the end of a session must be remembered. A token that
// SessionMax ends before its exp would be valid again after a restart with a
// larger one.
func (s *sessions) endedUntil(id Identity) time.Time {
	if !id.IssuedAt.IsZero() && !id.ExpiresAt.Before(id.IssuedAt.Add(s.most)) {
		return id.IssuedAt.Add(MostSessionMax)
	}
	return id.ExpiresAt
}

// end ends a session until its token expires.
func (s *sessions) end(ctx context.Context, id Identity) error {
	name := sessionID(id)
	switch {
	case id.ExpiresAt.IsZero():
		return dialog.InvalidInput("", "only a session token can be ended; revoke an API key instead")
	case name == "":
		return dialog.InvalidInput("", "this session token cannot be ended before it expires: it has no id (jti)")
	}
	if err := s.store.EndSession(ctx, dialog.EndedSession{ID: name, Until: s.endedUntil(id)}); err != nil {
		return err
	}
	s.seen.Add(name, sighting{ended: true})
	return nil
}
