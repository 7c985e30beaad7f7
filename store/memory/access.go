package memory

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"dialogs/dialog"
)

func (s *store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool, at time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	a := s.db.access[user]
	a.User, a.Suspended = user, suspended
	switch {
	case !suspended:
		a.SuspendedAt = time.Time{}
	case a.SuspendedAt.IsZero() || !at.IsZero() && at.Before(a.SuspendedAt):
		a.SuspendedAt = at
	}
	s.db.access[user] = a
	return nil
}

func (s *store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	a := s.db.access[user]
	a.User = user
	if a.SessionsEndedAt.Before(at) {
		a.SessionsEndedAt = at
	}
	s.db.access[user] = a
	return nil
}

func (s *store) UserAccess(ctx context.Context, users []dialog.UserID) ([]dialog.UserAccess, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.UserAccess
	for _, user := range users {
		a := s.db.access[user]
		if ended := s.db.erased[sha256.Sum256([]byte(user))].SessionsEndedAt; a.SessionsEndedAt.Before(ended) {
			a.User, a.SessionsEndedAt = user, ended
		}
		if restricts(a) {
			list = append(list, a)
		}
	}
	return list, nil
}

func (s *store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.UserAccess
	for _, user := range slices.Sorted(maps.Keys(s.db.access)) {
		if a := s.db.access[user]; restricts(a) {
			list = append(list, a)
		}
	}
	return list, nil
}

// restricts reports whether there is anything to know about the user.
func restricts(a dialog.UserAccess) bool { return a.Suspended || !a.SessionsEndedAt.IsZero() }
