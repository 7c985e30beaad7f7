package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

const (
	// sessionBelieved is how long the answer "not ended" is used: a session
	// that another instance ends must be rejected within 5 seconds.
	sessionBelieved = 4 * time.Second
	// checkedEvery is how often [Authenticator.Check] should be called for each caller:
	// what it could not use the next time, it asks for now.
	checkedEvery = 3600 * time.Millisecond
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
	name := id.session
	if name == "" {
		return nil
	}
	seen, ok := s.seen.Get(name)
	if !ok || !seen.ended && !s.believed(seen, 0) {
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

// checkRefreshed is check after refresh, for many: it does not note the use of each.
func (s *sessions) checkRefreshed(ctx context.Context, id Identity) error {
	if seen, ok := s.seen.Peek(id.session); id.session == "" || ok && !seen.ended && s.believed(seen, 0) {
		return nil
	}
	return s.check(ctx, id)
}

// believed reports whether a sighting is recent enough, also after some more time. One
// from the future, after the clock was set back, is not.
func (s *sessions) believed(seen sighting, later time.Duration) bool {
	age := s.now().Sub(seen.asOf)
	return age >= 0 && age+later < sessionBelieved
}

// look asks the store about a session.
func (s *sessions) look(ctx context.Context, name string) (sighting, error) {
	if err := s.lookAll(ctx, []string{name}); err != nil {
		return sighting{}, err
	}
	seen, _ := s.seen.Get(name)
	return seen, nil
}

// lookAll asks the store about sessions, and remembers its answers.
func (s *sessions) lookAll(ctx context.Context, names []string) error {
	asOf := s.now()
	list, err := s.store.SessionsEnded(ctx, names)
	if err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return unavailable("session tokens cannot be checked at the moment; try again", err)
		}
		return fmt.Errorf("looking up sessions: %w", err)
	}
	ended := make(map[string]bool, len(list))
	for _, name := range list {
		ended[name] = true
	}
	for _, name := range names {
		if known, ok := s.seen.Peek(name); ok && known.ended {
			continue // perhaps ended here meanwhile
		}
		s.seen.Add(name, sighting{ended: ended[name], asOf: asOf})
	}
	return nil
}

// lookedUpMost is how many sessions the store is asked about at once.
const lookedUpMost = 500

// refresh asks the store about the sessions of which it was not asked lately. What
// fails is asked again for each of them.
func (s *sessions) refresh(ctx context.Context, callers []Identity) {
	due := map[string]struct{}{}
	for i := range callers {
		session := callers[i].session
		if session == "" {
			continue
		}
		if seen, ok := s.seen.Peek(session); !ok || !seen.ended && !s.believed(seen, checkedEvery) {
			due[session] = struct{}{}
		}
	}
	for names := range slices.Chunk(slices.Collect(maps.Keys(due)), lookedUpMost) {
		if s.lookAll(ctx, names) != nil {
			return
		}
	}
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
	name := id.session
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
