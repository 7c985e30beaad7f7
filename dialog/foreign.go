package dialog

import (
	"context"
	"slices"
	"time"
)

// A Foreign is a dialog that was made elsewhere, as it was there. Its ID and
// Owner are given.
type Foreign struct {
	Creation
	CreatedAt, UpdatedAt time.Time
}

// Adopt is what a foreign dialog is to be here: judged as the creation of a
// server, with the instants that it had. It stores nothing; an [Archive] does
// that. A Group that its owner has left goes to whom he would have left it
// here.
func (s *Service) Adopt(ctx context.Context, c Caller, f Foreign) (Dialog, error) {
	if err := signedIn(c); err != nil {
		return Dialog{}, err
	}
	if err := JudgeServer(c); err != nil {
		return Dialog{}, err
	}
	if !f.ID.Given {
		return Dialog{}, invalid("id", "a dialog from elsewhere has an id")
	}
	if left := f.Type == Group && len(f.Occupants) > 0 && !slices.Contains(f.Occupants, f.Owner.Value); left {
		group := Dialog{Occupants: f.Occupants, Admins: common(f.Admins, f.Occupants)}
		f.Owner = Some(group.successor())
	}
	plan, err := newCreatePlan(ctx, s.classes, s.limits, c, f.Creation, "", f.CreatedAt)
	if err != nil {
		return Dialog{}, err
	}
	d := plan.Dialog
	if updated := f.UpdatedAt.UTC().Truncate(time.Millisecond); updated.After(d.UpdatedAt) {
		d.UpdatedAt = updated
	}
	return d, nil
}
