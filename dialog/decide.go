package dialog

import "slices"

// An Outcome is what a change came to.
type Outcome struct {
	// Dialog is the dialog after the change; a tombstone when it is deleted.
	// Its History is loaded as far as the dialog's was before.
	Dialog Dialog
	// Change is the record of what changed, nil when the dialog was already
	// as asked for.
	Change *Record
	// Replayed says that the idempotency key had been used: nothing was
	// changed now, Change is what was changed then.
	Replayed bool
}

// Decide is the whole truth of a change: the dialog as it will be and the
// record of the change, or why not. It changes nothing. current must have its
// History loaded when the plan has a Key.
//
// The checks come in the documented order: a replay, is there such a dialog
// (NotFound), may he (Forbidden), does the type allow it (Invalid), IfVersion
// (Conflict), what needs the dialog (Invalid).
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
		return Outcome{}, &Error{
			Code: Conflict, Field: "ifVersion", CurrentVersion: current.Version,
			Message: "the dialog is at another version",
		}
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
		next.Deleted = true
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

func errKeyReused() error {
	return invalid("idempotencyKey", "the key was used for another input")
}

// commit stamps the dialog with the record as its newest version.
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

// applyPeople changes occupants, then who owns, then who administers: each is
// judged on the dialog as it will be.
func (p *Plan) applyPeople(next *Dialog, record *Record) {
	if !p.asksForPeople() {
		return
	}
	record.Left = common(p.RemoveOccupants, next.Occupants)
	next.Occupants = without(next.Occupants, record.Left)
	record.Joined = without(p.AddOccupants, next.Occupants)
	next.Occupants = append(next.Occupants, record.Joined...)

	admins := next.Admins
	next.Admins = without(next.Admins, append(slices.Clone(record.Left), p.RemoveAdmins...))
	owner := next.Owner
	if p.NewOwner != "" {
		owner = p.NewOwner
	}
	named := without(p.AddAdmins, []UserID{owner})
	next.Admins = append(next.Admins, without(named, next.Admins)...)
	if next.Type == Group && p.NewOwner == "" && slices.Contains(record.Left, owner) {
		owner = next.successor()
	}
	if len(record.Left) > 0 && len(next.Occupants) == 0 {
		next.Deleted = true
		owner = next.Owner
	}
	next.Admins = without(next.Admins, []UserID{owner})
	record.LostAdmins = without(admins, next.Admins)
	record.NewAdmins = without(next.Admins, admins)

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

// successor is who gets a Group whose owner leaves without naming anyone: the
// longest-standing admin, else the longest-standing occupant.
func (d *Dialog) successor() UserID {
	if len(d.Admins) > 0 {
		return d.Admins[0]
	}
	if len(d.Occupants) > 0 {
		return d.Occupants[0]
	}
	return d.Owner
}

// checkResult judges the dialog as it will be. Limits judge only what the
// change adds.
func (p *Plan) checkResult(current, next *Dialog) error {
	if n := len(next.Occupants); n > len(current.Occupants) && n > p.Limits.Occupants {
		return invalidf("addOccupants", "a dialog has at most %d occupants", p.Limits.Occupants)
	}
	if n := len(next.Admins); n > len(current.Admins) && n > p.Limits.Admins {
		return invalidf("addAdmins", "a dialog has at most %d admins", p.Limits.Admins)
	}
	if n := next.Custom.Bytes(); n > p.Limits.CustomBytes && n > current.Custom.Bytes() {
		return invalidf("customData", "the custom data of a dialog has at most %d bytes", p.Limits.CustomBytes)
	}
	if next.Type != Group {
		return nil
	}
	if p.NewOwner != "" && !slices.Contains(next.Occupants, p.NewOwner) {
		return invalid("newOwnerId", "the new owner will not be an occupant")
	}
	if len(without(p.AddAdmins, next.Occupants)) > 0 {
		return invalid("addAdmins", "an admin will not be an occupant")
	}
	return nil
}
