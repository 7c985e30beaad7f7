package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"dialogs/dialog"
)

func (s *store) StartErasure(ctx context.Context, e dialog.Erasure) (dialog.Erasure, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.Erasure{}, err
	}
	defer end()
	if there, ok := s.db.jobs[e.User]; ok {
		return there, nil
	}
	s.db.jobs[e.User] = e
	return e, nil
}

func (s *store) Erasures(ctx context.Context) ([]dialog.Erasure, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.SortedFunc(maps.Values(s.db.jobs), func(a, b dialog.Erasure) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.User, b.User))
	}), nil
}

func (s *store) AdvanceErasure(ctx context.Context, user dialog.UserID, after dialog.ID) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	e, ok := s.db.jobs[user]
	if ok {
		e.After = after
		s.db.jobs[user] = e
	}
	return ok, nil
}

func (s *store) FinishErasure(ctx context.Context, user dialog.UserID, until time.Time) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	for _, d := range s.db.dialogs {
		if slices.Contains(d.Members(), user) {
			return false, nil
		}
	}
	if ended := s.db.access[user].SessionsEndedAt; !ended.IsZero() {
		s.db.keepErased(dialog.ErasedUser{Hash: sha256.Sum256([]byte(user)), SessionsEndedAt: ended, Until: until})
	}
	delete(s.db.access, user)
	delete(s.db.jobs, user)
	maps.DeleteFunc(s.db.claims, func(k claimKey, _ claim) bool { return k.actor.User == user })
	return true, nil
}

func (s *store) ErasedUsers(ctx context.Context) ([]dialog.ErasedUser, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.Collect(maps.Values(s.db.erased)), nil
}

func (s *store) KeepErasedUser(ctx context.Context, u dialog.ErasedUser) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.db.keepErased(u)
	return nil
}

func (db *Database) keepErased(u dialog.ErasedUser) {
	have := db.erased[u.Hash]
	if u.SessionsEndedAt.Before(have.SessionsEndedAt) {
		u.SessionsEndedAt = have.SessionsEndedAt
	}
	if u.Until.Before(have.Until) {
		u.Until = have.Until
	}
	db.erased[u.Hash] = u
}

func (s *store) UserKept(ctx context.Context, user dialog.UserID) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	_, job := s.db.jobs[user]
	for k := range s.db.claims {
		job = job || k.actor.User == user
	}
	return job || restricts(s.db.access[user]), nil
}

func (s *store) Traces(ctx context.Context, user dialog.UserID, after dialog.ID, limit int) (dialog.Traces, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.Traces{}, err
	}
	defer end()
	found := dialog.Traces{Next: after}
	searched := 0
	for _, id := range slices.Sorted(maps.Keys(s.db.dialogs)) {
		if id <= after {
			continue
		}
		if searched++; searched > limit {
			found.More = true
			break
		}
		found.Next = id
		d := clone(s.db.dialogs[id])
		_, departed := s.db.log.departed[user][id]
		if departed || slices.Contains(d.Members(), user) || d.Scrub(user) {
			found.IDs = append(found.IDs, id)
		}
	}
	return found, nil
}

func (s *store) Scrub(ctx context.Context, user dialog.UserID, ids []dialog.ID) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, id := range ids {
		if d, ok := s.db.dialogs[id]; ok {
			d.Scrub(user)
			s.db.dialogs[id] = d
		}
		delete(s.db.log.departed[user], id)
	}
	if len(s.db.log.departed[user]) == 0 {
		delete(s.db.log.departed, user)
	}
	return nil
}
