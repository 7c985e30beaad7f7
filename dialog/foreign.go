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
	// Version and History continue those of a dialog that was exported from a
	// store like this one; 0 and nil for a dialog that begins here.
	Version int64
	History []Record
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
	if f.Version == 0 && f.History == nil {
		return d, nil
	}
	return f.resumed(d)
}

// resumed is the dialog with the version, the history and the orders that it had.
func (f *Foreign) resumed(d Dialog) (Dialog, error) {
	if n := len(f.History); n == 0 || n > HistoryKept || f.Version < int64(n) {
		return Dialog{}, invalidf("", "history: must have the latest 1 to %d changes, up to the version", HistoryKept)
	}
	d.Version, d.History = f.Version, f.History
	for i := range d.History {
		r := &d.History[i]
		if want := d.Version - int64(len(d.History)-1-i); r.Version != want {
			return Dialog{}, invalidf("", "history: must have the version %d in place of %d", want, r.Version)
		}
		if err := r.check(); err != nil {
			return Dialog{}, err
		}
	}
	for _, order := range []struct{ to, from *[]UserID }{{&d.Occupants, &f.Occupants}, {&d.Admins, &f.Admins}} {
		if len(*order.to) == len(*order.from) && len(Without(*order.to, *order.from)) == 0 {
			*order.to = *order.from
		}
	}
	return d, nil
}

// check rejects texts that no change can leave in a record.
func (r *Record) check() error {
	texts := []string{r.Name, r.Key, r.InputHash, r.Actor.APIKey, string(r.Actor.User), string(r.NewOwner), string(r.OldOwner)}
	for _, list := range [][]UserID{r.Joined, r.Left, r.NewAdmins, r.LostAdmins} {
		for _, id := range list {
			texts = append(texts, string(id))
		}
	}
	for _, text := range texts {
		if err := checkText("history", text); err != nil {
			return err
		}
		if len(text) > maxRecordText {
			return errTooLong("", "history", "a text", len(text), "bytes", maxRecordText)
		}
	}
	return nil
}

// maxRecordText is the longest text in a record that is imported, in bytes.
const maxRecordText = 4 << 10
