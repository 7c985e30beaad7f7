package dialog

import (
	"context"
	"slices"
	"time"
)

const (
	// erasureSettles is how long an erasure waits before it looks for traces: until then,
	// an instance that does not know yet that the user's sessions have ended may accept
	// one, and others may still be told who left.
	erasureSettles = 10 * time.Second
	// erasureStep is how many dialogs one step searches.
	erasureStep = 500
)

// An ErasureStatus is how far the erasure of a user is.
type ErasureStatus struct {
	// Dialogs is how many dialogs named the user when it began, deleted ones that are
	// still remembered included: at least so many if counting them took too long.
	Dialogs int
	// Done means that nothing about the user is kept.
	Done bool
}

// EraseUser starts a job that removes the user from everything that is kept. endSessions
// ends the user's sessions first. When there is a job already, it returns that one's
// status; when there is nothing to remove, no job is started. With dryRun, nothing is
// changed. Only servers with [KeyAdmin] may.
func (s *Service) EraseUser(ctx context.Context, c Caller, user UserID, dryRun bool, endSessions func(context.Context, UserID) error) (ErasureStatus, error) {
	if err := signedIn(c); err != nil {
		return ErasureStatus{}, err
	}
	if err := JudgeAdmin(c); err != nil {
		return ErasureStatus{}, err
	}
	jobs, err := s.store.Erasures(ctx)
	if err != nil {
		return ErasureStatus{}, err
	}
	if i := slices.IndexFunc(jobs, func(e Erasure) bool { return e.User == user }); i >= 0 {
		return ErasureStatus{Dialogs: jobs[i].Dialogs}, nil
	}
	status, counted, err := s.erasureStatus(ctx, user)
	switch {
	case err != nil:
		return ErasureStatus{}, err
	case dryRun && !counted:
		return ErasureStatus{}, invalid("dryRun", "counting the dialogs takes longer than a request may (--request-timeout): use the command dialogs erase USER --dry-run")
	case dryRun:
		return status, nil
	}
	if err := endSessions(ctx, user); err != nil {
		return ErasureStatus{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	if status.Done {
		finished, err := s.store.FinishErasure(ctx, user, now.Add(SessionsKept))
		if finished || err != nil {
			return ErasureStatus{Done: finished}, err
		}
	}
	started, err := s.store.StartErasure(ctx, Erasure{User: user, By: c.APIKey, StartedAt: now, Dialogs: status.Dialogs})
	return ErasureStatus{Dialogs: started.Dialogs}, err
}

// erasureStatus counts the dialogs that name the user. If that takes half of the time that
// ctx has, it stops: not counted, and at least so many.
func (s *Service) erasureStatus(ctx context.Context, user UserID) (status ErasureStatus, counted bool, err error) {
	kept, err := s.store.UserKept(ctx, user)
	if err != nil {
		return ErasureStatus{}, false, err
	}
	counting := ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		counting, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
	}
	status.Done = !kept
	err = EachTrace(counting, s.store, user, func(ID) error {
		status.Dialogs++
		status.Done = false
		return nil
	})
	if err != nil && ctx.Err() == nil && counting.Err() != nil {
		status.Done = false
		return status, false, nil
	}
	return status, err == nil, err
}

// EachTrace calls do with each dialog and tombstone that names the user, in the order of
// their ids.
func EachTrace(ctx context.Context, store ErasureStore, user UserID, do func(ID) error) error {
	for after, more := ID(""), true; more; {
		found, err := store.Traces(ctx, user, after, erasureStep)
		if err != nil {
			return err
		}
		for _, id := range found.IDs {
			if err := do(id); err != nil {
				return err
			}
		}
		after, more = found.Next, found.More
	}
	return nil
}

// ContinueErasures does what can be done now of all erasures, whoever started them. It
// returns those that it has finished, and how many are unfinished. A job that fails does not
// stop the others.
func (s *Service) ContinueErasures(ctx context.Context) (finished []Erasure, unfinished int, err error) {
	jobs, err := s.store.Erasures(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range jobs {
		going, failed := s.erase(ctx, e)
		switch {
		case failed != nil && err == nil:
			err = failed
		case failed == nil && going == erasureFinished:
			finished = append(finished, e)
		}
		if going == erasureGoing {
			unfinished++
		}
	}
	return finished, unfinished, err
}

// An erasureState is how far an erasure is after a step.
type erasureState int

const (
	erasureGoing           erasureState = iota
	erasureFinished                     // by this step
	erasureFinishedByOther              // by another instance
)

// erase takes the steps of one erasure. Each can be repeated: after a crash they start
// again where the last stored one ended. When the user cannot be forgotten yet, because
// somebody is adding them to a dialog, it is tried again later: each time, all dialogs are
// searched.
func (s *Service) erase(ctx context.Context, e Erasure) (erasureState, error) {
	for {
		if err := s.partFromAll(ctx, e); err != nil {
			return erasureGoing, err
		}
		if wait := e.StartedAt.Add(erasureSettles).Sub(s.now()); 0 < wait && wait <= erasureSettles {
			return erasureGoing, nil
		}
		clean, going, err := s.scrubAll(ctx, e)
		switch {
		case err != nil:
			return erasureGoing, err
		case !going:
			return erasureFinishedByOther, nil
		case clean:
			finished, err := s.store.FinishErasure(ctx, e.User, s.now().Add(SessionsKept))
			if err != nil || !finished {
				return erasureGoing, err
			}
			return erasureFinished, nil
		}
		e.After = ""
	}
}

// partFromAll takes the user out of all dialogs that they are a member of, by changes that
// everyone who may see them learns of.
func (s *Service) partFromAll(ctx context.Context, e Erasure) error {
	for {
		list, err := s.store.Dialogs(ctx, Query{User: e.User, Scope: Mine, Order: Order{Field: ByCreatedAt}, Limit: MaxPage})
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			if err := s.part(ctx, e, &list[i]); err != nil {
				return err
			}
		}
	}
}

// part takes the user out of one dialog. When it has changed in the meantime, the next
// look at the user's dialogs finds it again.
func (s *Service) part(ctx context.Context, e Erasure, d *Dialog) error {
	plan, err := newPlan(ctx, s.classes, s.policy, Caller{APIKey: e.By}, string(d.ID), d.parting(e.User), s.now())
	if err != nil {
		return err
	}
	_, err = s.store.Update(ctx, plan)
	if IsCode(err, Conflict) || IsCode(err, NotFound) {
		return nil
	}
	return err
}

// scrubAll removes the traces of the user, from where the erasure has come to. It is clean
// when it has searched everything and found none, and no longer going when another
// instance has finished.
func (s *Service) scrubAll(ctx context.Context, e Erasure) (clean, going bool, err error) {
	clean = e.After == ""
	for after, more := e.After, true; more; {
		found, err := s.store.Traces(ctx, e.User, after, erasureStep)
		if err != nil {
			return false, true, err
		}
		if len(found.IDs) > 0 {
			clean = false
			if err := s.store.Scrub(ctx, e.User, found.IDs); err != nil {
				return false, true, err
			}
		}
		after, more = found.Next, found.More
		if !more {
			after = ""
		}
		if going, err := s.store.AdvanceErasure(ctx, e.User, after); err != nil || !going {
			return false, going || err != nil, err
		}
	}
	return clean, true, nil
}
