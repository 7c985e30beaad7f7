package dialog

import "slices"

// An Outcome is the result of a change.
type Outcome struct {
	// Dialog is the dialog after the change; a tombstone when it was deleted.
	// Its History is loaded if it was loaded before the change.
	Dialog Dialog
	// Change is the record of what changed; nil when the dialog was already
	// as requested.
	Change *Record
	// Replayed means that the idempotency key was used before: nothing was
	// changed now, and Change is what was changed then.
	Replayed bool
}

// Decide is the whole truth about a change: it returns the dialog after the
// change and the record of it, or the reason why not. It changes nothing
// itself. current must have its History loaded when the plan has a Key.
//
// The checks come in the documented order: a replay; does the dialog exist
// (NotFound); may the caller do it (Forbidden); does the type have it
// (Invalid); IfVersion (Conflict); what depends on the dialog (Invalid).
func (p Plan) Decide(current Dialog) (Outcome, error) {
	if p.Key != "" {
		if record, ok := findRecord(current.History, p.Caller.Actor(), p.Key); ok {
			return p.replay(current, record)
		}
	}
	if current.Deleted {
		return Outcome{}, ErrNotFound()
	}
	if err := p.judge(&current); err != nil {
		return Outcome{}, err
	}
	if p.IfVersion.Given && p.IfVersion.Value != current.Version {
		return Outcome{}, errVersion(current.Version)
	}
	next := current.clone()
	record := Record{Kind: Updated, Actor: p.Caller.Actor(), At: p.At, Key: p.Key, InputHash: p.InputHash}
	p.applyTexts(&next, &record)
	p.applyPeople(&next, &record)
	if next.Custom.apply(p.Custom) {
		record.Changed = append(record.Changed, AspectCustomData)
	}
	if err := p.checkResult(&current, &next); err != nil {
		return Outcome{}, err
	}
	if p.Delete || next.Deleted {
		next.Deleted, next.ForgetAt = true, p.ForgetAt()
		record.Kind, record.Changed, record.Name = Deleted, nil, ""
		record.NewOwner, record.OldOwner = "", ""
	} else if len(record.Changed) == 0 {
		return Outcome{Dialog: current}, nil
	}
	next.commit(&record)
	return Outcome{Dialog: next, Change: &record}, nil
}

func (p *Plan) replay(current Dialog, record Record) (Outcome, error) {
	if record.InputHash != p.InputHash {
		return Outcome{}, errKeyReused()
	}
	return Outcome{Dialog: current, Change: &record, Replayed: true}, nil
}

// commit makes the record the newest version of the dialog.
func (d *Dialog) commit(record *Record) {
	d.Version++
	record.Version = d.Version
	if d.UpdatedAt.Before(record.At) {
		d.UpdatedAt = record.At
	}
	if d.History == nil {
		return
	}
	d.History = append(d.History, *record)
	if len(d.History) > HistoryKept {
		d.History = slices.Delete(d.History, 0, len(d.History)-HistoryKept)
	}
}

func (p *Plan) applyTexts(next *Dialog, record *Record) {
	if p.Name.Given && p.Name.Value != next.Name {
		next.Name, record.Name = p.Name.Value, p.Name.Value
		record.Changed = append(record.Changed, AspectName)
	}
	if p.Photo.Given && p.Photo.Value != next.Photo {
		next.Photo = p.Photo.Value
		record.Changed = append(record.Changed, AspectPhoto)
	}
}

// applyPeople changes the occupants, the owner and the admins, in this order:
// each depends on the one before.
func (p *Plan) applyPeople(next *Dialog, record *Record) {
	if !p.asksForPeople() {
		return
	}
	record.Left = Common(p.RemoveOccupants, next.Occupants)
	next.Occupants = Without(next.Occupants, record.Left)
	record.Joined = Without(p.AddOccupants, next.Occupants)
	next.Occupants = append(next.Occupants, record.Joined...)

	admins := next.Admins
	next.Admins = Without(next.Admins, append(slices.Clone(record.Left), p.RemoveAdmins...))
	owner := next.Owner
	if p.NewOwner != "" {
		owner = p.NewOwner
	}
	appointed := Without(p.AddAdmins, []UserID{owner})
	next.Admins = append(next.Admins, Without(appointed, next.Admins)...)
	if next.Type == Group && p.NewOwner == "" && slices.Contains(record.Left, owner) {
		owner = next.successor()
	}
	if len(record.Left) > 0 && len(next.Occupants) == 0 {
		next.Deleted = true
		owner = next.Owner
	}
	next.Admins = Without(next.Admins, []UserID{owner})
	record.LostAdmins = Without(admins, next.Admins)
	record.NewAdmins = Without(next.Admins, admins)

	if len(record.Joined)+len(record.Left) > 0 {
		record.Changed = append(record.Changed, AspectOccupants)
	}
	if len(record.LostAdmins)+len(record.NewAdmins) > 0 {
		record.Changed = append(record.Changed, AspectAdmins)
	}
	if owner != next.Owner {
		record.OldOwner, record.NewOwner = next.Owner, owner
		next.Owner = owner
		record.Changed = append(record.Changed, AspectOwner)
	}
}

// successor becomes the owner of a Group when the owner leaves without choosing
// one: the longest-standing admin, or else the longest-standing occupant.
func (d *Dialog) successor() UserID {
	if len(d.Admins) > 0 {
		return d.Admins[0]
	}
	if len(d.Occupants) > 0 {
		return d.Occupants[0]
	}
	return d.Owner
}

// checkResult checks the dialog after the change. Limits apply only to what the
// change adds.
func (p *Plan) checkResult(current, next *Dialog) error {
	if n := len(next.Occupants); n > len(current.Occupants) && n > p.Policy.Limits.Occupants {
		return errTooMany("limit-occupants", "addOccupants", "occupants", n, p.Policy.Limits.Occupants)
	}
	if n := len(next.Admins); n > len(current.Admins) && n > p.Policy.Limits.Admins {
		return errTooMany("limit-admins", "addAdmins", "admins", n, p.Policy.Limits.Admins)
	}
	if n := next.Custom.Bytes(); n > p.Policy.Limits.CustomBytes && n > current.Custom.Bytes() {
		return errTooMuchCustomData(n, p.Policy.Limits)
	}
	if next.Type != Group {
		return nil
	}
	if p.NewOwner != "" && !slices.Contains(next.Occupants, p.NewOwner) {
		return invalid("newOwnerId", "the new owner must be an occupant")
	}
	if len(Without(p.AddAdmins, next.Occupants)) > 0 {
		return errAdminOutside("addAdmins")
	}
	return nil
}
