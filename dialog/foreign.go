package dialog

import (
	"context"
	"slices"
	"time"
)

// A Foreign is a dialog as another system has it, to be imported. Its ID and
// Owner are given.
type Foreign struct {
	Creation
	CreatedAt, UpdatedAt time.Time
}

// Adopt returns what a foreign dialog becomes in this system. It is checked like
// a creation by a server, and keeps its times. It is not stored: an [Archive]
// does that. A Group whose owner has left it goes to the successor that it would
// have here.
func (s *Service) Adopt(ctx context.Context, c Caller, f Foreign) (Dialog, error) {
	if err := signedIn(c); err != nil {
		return Dialog{}, err
	}
	if err := JudgeServer(c); err != nil {
		return Dialog{}, err
	}
	if !f.ID.Given {
		return Dialog{}, invalid("id", "the id of the dialog is missing")
	}
	if left := f.Type == Group && len(f.Occupants) > 0 && !slices.Contains(f.Occupants, f.Owner.Value); left {
		group := Dialog{Occupants: f.Occupants, Admins: Common(f.Admins, f.Occupants)}
		f.Owner = Some(group.successor())
	}
	plan, err := newCreatePlan(ctx, s.classes, s.policy.Limits, c, f.Creation, "", f.CreatedAt)
	if err != nil {
		return Dialog{}, err
	}
	d := plan.Dialog
	if updated := f.UpdatedAt.UTC().Truncate(time.Millisecond); updated.After(d.UpdatedAt) {
		d.UpdatedAt = updated
	}
	return d, nil
}
