package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

// users knows whose credentials are rejected: those of suspended users, and sessions that
// were ended all at once. As with sessions, it asks the store about each user who is active,
// every few seconds.
type users struct {
	store dialog.SessionStore
	now   func() time.Time
	seen  *lru.Cache[dialog.UserID, userSighting]
}

// A userSighting is the store's answer about a user.
type userSighting struct {
	dialog.UserAccess

	asOf time.Time // not later than the answer
}

func newUsers(c Config) (*users, error) {
	seen, err := lru.New[dialog.UserID, userSighting](sessionsRemembered)
	if err != nil {
		return nil, err
	}
	return &users{store: c.Sessions, now: c.Now, seen: seen}, nil
}

// check rejects a credential of a user who is suspended, or a session token that was issued
// before the user's sessions were ended.
func (u *users) check(ctx context.Context, id Identity) error {
	user := id.Caller.User
	if user == "" {
		return nil
	}
	seen, ok := u.seen.Get(user)
	if !ok || !u.believed(seen, 0) {
		answer, err := u.look(ctx, []dialog.UserID{user})
		if err != nil {
			return err
		}
		seen.UserAccess = answer[user]
	}
	switch {
	case seen.Suspended:
		return userSuspended()
	case id.Caller.APIKey == "" && !seen.SessionsEndedAt.IsZero() && !id.issued.After(seen.SessionsEndedAt):
		return tokenRefused("invalid session token: the session has ended")
	}
	return nil
}

// believed reports whether a sighting is recent enough, also after some more time. One from
// the future, after the clock was set back, is not.
func (u *users) believed(seen userSighting, later time.Duration) bool {
	age := u.now().Sub(seen.asOf)
	return age >= 0 && age+later < sessionBelieved
}

// look asks the store about users, and remembers its answers.
func (u *users) look(ctx context.Context, names []dialog.UserID) (map[dialog.UserID]dialog.UserAccess, error) {
	asOf := u.now()
	list, err := u.store.UserAccess(ctx, names)
	if err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, unavailable("users cannot be checked at the moment; try again", err)
		}
		return nil, fmt.Errorf("looking up users: %w", err)
	}
	found := make(map[dialog.UserID]dialog.UserAccess, len(list))
	for _, a := range list {
		found[a.User] = a
	}
	for _, name := range names {
		u.seen.Add(name, userSighting{found[name], asOf})
	}
	return found, nil
}

// refresh asks the store about the users of whom it was not asked lately. What fails is asked
// again for each of them.
func (u *users) refresh(ctx context.Context, callers []Identity) {
	due := map[dialog.UserID]struct{}{}
	for i := range callers {
		user := callers[i].Caller.User
		if user == "" {
			continue
		}
		if seen, ok := u.seen.Peek(user); !ok || !u.believed(seen, checkedEvery) {
			due[user] = struct{}{}
		}
	}
	for names := range slices.Chunk(slices.Collect(maps.Keys(due)), lookedUpMost) {
		if _, err := u.look(ctx, names); err != nil {
			return
		}
	}
}

// suspend suspends or reinstates a user.
func (u *users) suspend(ctx context.Context, user dialog.UserID, suspended bool) error {
	err := u.store.SuspendUser(ctx, user, suspended, u.now().UTC().Truncate(time.Millisecond))
	u.seen.Remove(user) // whatever the outcome: it may be unknown
	return err
}

// end ends the sessions of a user. It returns after the last instant that counts as before,
// so that a session that begins then is not ended too.
func (u *users) end(ctx context.Context, user dialog.UserID) error {
	at := u.now().UTC().Truncate(time.Millisecond).Add(time.Millisecond) // sessions of this millisecond too
	err := u.store.EndUserSessions(ctx, user, at)
	u.seen.Remove(user)
	if err != nil {
		return err
	}
	if left := at.Add(time.Millisecond).Sub(u.now()); left > 0 {
		time.Sleep(min(left, 2*time.Millisecond))
	}
	return nil
}
