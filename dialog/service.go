package dialog

import (
	"context"
	"io"
	"slices"
	"time"
)

// A Service is what every door to the server calls. It knows who may do what;
// a door translates and decides nothing.
//
// Its errors are [Error] values of the documented codes, or internal.
type Service struct {
	store   Store
	classes *classCache
	limits  Limits
	now     func() time.Time
	random  io.Reader
}

// NewService puts the rules before a store. Time and randomness come from
// outside; random must be
// cryptographic and safe for concurrent use, and is the system's when nil.
func NewService(store Store, limits Limits, now func() time.Time, random io.Reader) *Service {
	return &Service{store: store, classes: &classCache{store: store}, limits: limits, now: now, random: random}
}

// Dialog returns the dialog for a caller who may see it, with its History
// when asked for.
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
	if err := judgeSight(&d, c); err != nil {
		return Dialog{}, err
	}
	return d, nil
}

// Create makes a dialog, or finds the one that the caller would have made: see
// [CreateOutcome]. The outcome's Dialog is marked Deleted when it is no longer
// the caller's to see.
func (s *Service) Create(ctx context.Context, c Caller, creation Creation) (CreateOutcome, error) {
	if err := signedIn(c); err != nil {
		return CreateOutcome{}, err
	}
	now := s.now()
	fresh, err := NewID(now, s.random)
	if err != nil {
		return CreateOutcome{}, err
	}
	plan, err := newCreatePlan(ctx, s.classes, s.limits, c, creation, fresh, now)
	if err != nil {
		return CreateOutcome{}, err
	}
	out, err := s.store.Create(ctx, plan)
	if err != nil {
		return CreateOutcome{}, err
	}
	out.Dialog = masked(out.Dialog, c)
	return out, nil
}

// Update makes a change to a dialog: all of it, or nothing. The outcome's
// Dialog is marked Deleted when it is deleted or, by this change, no longer
// the caller's to see.
func (s *Service) Update(ctx context.Context, c Caller, id string, change Change) (Outcome, error) {
	if err := signedIn(c); err != nil {
		return Outcome{}, err
	}
	plan, err := newPlan(ctx, s.classes, s.limits, c, id, change, s.now())
	if err != nil {
		return Outcome{}, err
	}
	out, err := s.store.Update(ctx, plan)
	if err != nil {
		return Outcome{}, err
	}
	out.Dialog = masked(out.Dialog, c)
	return out, nil
}

// masked blots out a dialog that the caller may not see.
func masked(d Dialog, c Caller) Dialog {
	if d.Deleted || !d.Can(c, See) {
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

// DefineClass creates a class or adds fields to it. For servers only. A
// definition that loses against another is judged anew on what the other made.
func (s *Service) DefineClass(ctx context.Context, c Caller, name string, fields []Field) (Class, error) {
	if err := signedIn(c); err != nil {
		return Class{}, err
	}
	if err := JudgeServer(c); err != nil {
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
		}
		next, grown, err := current.Grow(name, fields, s.limits)
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

// JudgeServer refuses whoever is not a server that acts for nobody.
func JudgeServer(c Caller) error {
	if c.Kind() == Server {
		return nil
	}
	return &Error{
		Code:    Forbidden,
		Message: "only an API key that acts for nobody may do this",
		Denial:  &Denial{Rule: "server", Allowed: []Standing{StandingServer}},
	}
}

func signedIn(c Caller) error {
	if c.Kind() != Anonymous {
		return nil
	}
	return ErrUnauthenticated()
}
