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
	// sessionBelieved is how long a session that was not ended is taken not to
	// be: one that is ended elsewhere must be refused within 5 seconds.
	sessionBelieved = 4 * time.Second
	// sessionsRemembered bounds the memory that this takes. A session that is
	// forgotten is looked up again.
	sessionsRemembered = 100_000
)

// sessions knows which session tokens were ended before their time. It asks
// for those that come, each now and again, so that it costs what the callers
// are and not what was ever ended.
type sessions struct {
	store dialog.SessionStore
	now   func() time.Time
	seen  *lru.Cache[string, sighting]
}

// A sighting is what the store said of a session.
type sighting struct {
	ended bool      // for good
	asOf  time.Time // not later than it was so
}

func newSessions(store dialog.SessionStore, now func() time.Time) (*sessions, error) {
	seen, err := lru.New[string, sighting](sessionsRemembered)
	if err != nil {
		return nil, err
	}
	return &sessions{store: store, now: now, seen: seen}, nil
}

// sessionID is the name that a token's session has in the store; empty for
// one that can't be told from others. The user is part of it: whoever chooses
// the ids of another issuer's tokens can end nobody's but his own.
func sessionID(id Identity) string {
	if id.TokenID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(string(id.Caller.User) + "\x00" + id.TokenID))
	return hex.EncodeToString(sum[:])
}

// check refuses a session that was ended.
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
		return tokenRefused("the session was ended")
	}
	return nil
}

// believed tells whether a sighting is young enough. One of an instant to
// come, after the clock was set back, is not.
func (s *sessions) believed(seen sighting) bool {
	age := s.now().Sub(seen.asOf)
	return age >= 0 && age < sessionBelieved
}

func (s *sessions) look(ctx context.Context, name string) (sighting, error) {
	seen := sighting{asOf: s.now()}
	var err error
	if seen.ended, err = s.store.SessionEnded(ctx, name); err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return seen, unavailable("the store that keeps ended sessions did not answer in time", err)
		}
		return seen, fmt.Errorf("looking up a session: %w", err)
	}
	if known, ok := s.seen.Peek(name); ok && known.ended {
		return known, nil // ended here while the store was asked
	}
	s.seen.Add(name, seen)
	return seen, nil
}

// end makes a session be refused until its token expires.
func (s *sessions) end(ctx context.Context, id Identity) error {
	name := sessionID(id)
	switch {
	case id.ExpiresAt.IsZero():
		return dialog.InvalidInput("", "only a session token can be ended; an API key is revoked")
	case name == "":
		return dialog.InvalidInput("", "the session token has no id (jti), and so can't be ended before it expires")
	}
	if err := s.store.EndSession(ctx, dialog.EndedSession{ID: name, Until: id.ExpiresAt}); err != nil {
		return err
	}
	s.seen.Add(name, sighting{ended: true})
	return nil
}
