package dialog

import (
	"context"
	"io"
	"slices"
	"time"
)

// A Service is what every API calls. It applies the policy; an API translates and
// decides nothing.
//
// Its errors are [Error] values, or internal.
type Service struct {
	store   Store
	classes *classCache
	policy  Policy
	meters  meters
	now     func() time.Time
	random  io.Reader
}

// NewService applies a policy to a store. random must be cryptographic and safe
// for concurrent use; nil is the system's source.
func NewService(store Store, policy Policy, now func() time.Time, random io.Reader) *Service {
	return &Service{store: store, classes: &classCache{store: store}, policy: policy, now: now, random: random}
}

// Policy returns the service's policy, which must not be changed.
func (s *Service) Policy() *Policy { return &s.policy }

// Dialog returns the dialog, if the caller may see it, with its History when
// withHistory is set.
func (s *Service) Dialog(ctx context.Context, c Caller, id string, withHistory bool) (Dialog, error) {
	if err := signedIn(c); err != nil {
		return Dialog{}, err
	}
	dialogID, err := ParseID("id", id)
	if err != nil {
		return Dialog{}, err
	}
	d, err := s.store.Dialog(ctx, dialogID, withHistory)
	if err != nil {
		return Dialog{}, err
	}
	if err := s.policy.JudgeSight(c, &d); err != nil {
		return Dialog{}, err
	}
	return d, nil
}

// Create creates a dialog, or finds the existing one: see [CreateOutcome]. The
// outcome's Dialog is marked Deleted when the caller may no longer see it.
func (s *Service) Create(ctx context.Context, c Caller, creation Creation) (CreateOutcome, error) {
	if err := signedIn(c); err != nil {
		return CreateOutcome{}, err
	}
	now := s.now()
	generated, err := NewID(now, s.random)
	if err != nil {
		return CreateOutcome{}, err
	}
	plan, err := newCreatePlan(ctx, s.classes, s.policy.Limits, c, creation, generated, now)
	if err != nil {
		return CreateOutcome{}, err
	}
	plan.PublicGroups = s.policy.Quotas.publicGroups(c)
	plan.HandedOver = s.meters.handedOverBy(&s.policy.Quotas, c, now)
	reserved, err := s.meters.reserve(&s.policy.Quotas, c, 1, plan.Dialog.othersAdded(c), "occupantIds", now)
	if err != nil {
		return CreateOutcome{}, err
	}
	out, err := s.store.Create(ctx, plan)
	if out.Created {
		reserved.settle(1, out.Dialog.othersAdded(c), err)
	} else {
		reserved.settle(0, 0, err)
	}
	if err != nil {
		return CreateOutcome{}, err
	}
	out.Dialog = s.masked(out.Dialog, c)
	return out, nil
}

// Update makes a change to a dialog: all of it, or nothing. The outcome's Dialog
// is marked Deleted when it is deleted, or when the caller may no longer see it
// after the change.
func (s *Service) Update(ctx context.Context, c Caller, id string, change Change) (Outcome, error) {
	if err := signedIn(c); err != nil {
		return Outcome{}, err
	}
	now := s.now()
	plan, err := newPlan(ctx, s.classes, s.policy, c, id, change, now)
	if err != nil {
		return Outcome{}, err
	}
	reserved, err := s.meters.reserve(&s.policy.Quotas, c, 0, plan.othersAdded(), "addOccupants", now)
	if err != nil {
		return Outcome{}, err
	}
	out, err := s.store.Update(ctx, plan)
	reserved.settle(0, out.othersAdded(c), err)
	if err != nil {
		return Outcome{}, err
	}
	s.meters.handOver(&s.policy.Quotas, c, &out, now)
	out.Dialog = s.masked(out.Dialog, c)
	return out, nil
}

// masked hides a dialog that the caller may not see.
func (s *Service) masked(d Dialog, c Caller) Dialog {
	if d.Deleted || !s.policy.Can(c, See, &d) {
		return Dialog{ID: d.ID, Deleted: true}
	}
	return d
}

// Classes lists the custom classes, by name.
func (s *Service) Classes(ctx context.Context, c Caller) ([]Class, error) {
	if err := signedIn(c); err != nil {
		return nil, err
	}
	return s.classes.reload(ctx)
}

// DefineClass creates a class or adds fields to it. Only servers may. When two
// definitions race, the loser is checked again with the result of the winner.
func (s *Service) DefineClass(ctx context.Context, c Caller, name string, fields []Field) (Class, error) {
	if err := signedIn(c); err != nil {
		return Class{}, err
	}
	if err := JudgeAdmin(c); err != nil {
		return Class{}, err
	}
	for {
		classes, err := s.classes.reload(ctx)
		if err != nil {
			return Class{}, err
		}
		var current Class
		if i := slices.IndexFunc(classes, func(c Class) bool { return c.Name == name }); i >= 0 {
			current = classes[i]
		} else if n := len(classes); n >= s.policy.Limits.Classes {
			return Class{}, errTooMany("limit-classes", "name", "custom classes", n+1, s.policy.Limits.Classes)
		}
		next, grown, err := current.Grow(name, fields, s.policy.Limits)
		if err != nil || !grown {
			return current, err
		}
		saved, err := s.store.SaveClass(ctx, next)
		if err != nil {
			return Class{}, err
		}
		if saved {
			return next, nil
		}
	}
}

// JudgeServer denies callers who are not a server: an API key without
// On-Behalf-Of.
func JudgeServer(c Caller) error {
	if c.Kind() == Server {
		return nil
	}
	return &Error{
		Code:    Forbidden,
		Message: "requires an API key without On-Behalf-Of",
		Denial:  &Denial{Rule: "server", Allowed: []Standing{StandingServer}},
	}
}

// JudgeAdmin denies callers who are not a server with the scope [KeyAdmin].
func JudgeAdmin(c Caller) error {
	if err := JudgeServer(c); err != nil {
		return err
	}
	return JudgeScope(c, KeyAdmin)
}

// JudgeUser denies callers who are not a user: an API key without
// On-Behalf-Of.
func JudgeUser(c Caller) error {
	if c.Kind() == User {
		return nil
	}
	return &Error{Code: Forbidden, Message: "requires a user: send a session token, or On-Behalf-Of with the API key"}
}

func signedIn(c Caller) error {
	if c.Kind() != Anonymous {
		return nil
	}
	return ErrUnauthenticated()
}
