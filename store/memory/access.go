package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"dialogs/dialog"
)

func (s *store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	a := s.db.access[user]
	a.User, a.Suspended = user, suspended
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
	return s.accessOf(ctx, func() []dialog.UserID { return users })
}

func (s *store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	return s.accessOf(ctx, func() []dialog.UserID { return slices.Sorted(maps.Keys(s.db.access)) })
}

func (s *store) accessOf(ctx context.Context, users func() []dialog.UserID) ([]dialog.UserAccess, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.UserAccess
	for _, user := range users() {
		if a := s.db.access[user]; a.Suspended || !a.SessionsEndedAt.IsZero() {
			list = append(list, a)
		}
	}
	return list, nil
}
