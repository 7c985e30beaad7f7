package dialog

import "slices"

// acts lists what the change does to this dialog, as far as the rules
// distinguish it. Acts are judged by what is asked, not by the outcome.
func (p *Plan) acts(d *Dialog) map[Act]bool {
	acts := map[Act]bool{}
	if p.Name.Given || p.Photo.Given {
		acts[Rename] = true
	}
	if len(p.AddOccupants) > 0 {
		acts[AddOccupants] = true
	}
	for _, id := range p.RemoveOccupants {
		acts[d.removal(p.Caller, id)] = true
	}
	if len(p.Custom) > 0 {
		acts[SetCustomData] = true
	}
	if len(p.AddAdmins) > 0 {
		acts[ChangeAdmins] = true
	}
	for _, id := range p.RemoveAdmins {
		acts[d.adminChange(p.Caller, id)] = true
	}
	if p.NewOwner != "" {
		acts[Transfer] = true
	}
	if p.Delete {
		acts[Delete] = true
	}
	return acts
}

// removal is the act that removing this occupant is for the caller.
func (d *Dialog) removal(c Caller, target UserID) Act {
	switch {
	case target == c.User:
		return Leave
	case target == d.Owner || slices.Contains(d.Admins, target):
		return RemoveManagers
	}
	return RemoveOthers
}

// adminChange is the act that appointing this user as admin, or removing the
// role from them, is for the caller.
func (d *Dialog) adminChange(c Caller, target UserID) Act {
	if target == c.User && slices.Contains(d.Admins, target) {
		return StepDown
	}
	return ChangeAdmins
}

// judge applies the rule table: may the caller see the dialog and do each act
// (Forbidden), and does its type have each act (Invalid)?
func (p *Plan) judge(d *Dialog) error {
	if err := p.Policy.JudgeSight(p.Caller, d); err != nil {
		return err
	}
	acts := p.acts(d)
	roles := d.Roles(p.Caller)
	for act := Rename; act <= Delete; act++ {
		allowed := p.Policy.Rules.Allows(act, d.Type)
		if acts[act] && allowed != malformed && allowed&roles == 0 {
			return p.Policy.forbidden(act, d.Standing(p.Caller), allowed)
		}
	}
	for act := Rename; act <= Delete; act++ {
		if acts[act] && p.Policy.Rules.Allows(act, d.Type) == malformed {
			return errNoSuchAct(act, d.Type, p.field(act))
		}
	}
	return nil
}

// Required is the rule table compiled for an engine that must judge before it
// has read the dialog. In a dialog of the type, the caller must have a role of
// each of these sets; a server needs none. This holds only where nobody who is
// to be removed is the owner or an admin, and the caller is not an admin who
// gives up their role. It is not ok when the type has no such act.
func (p *Plan) Required(t Type) (sets []Roles, ok bool) {
	acts := p.acts(&Dialog{Type: t})
	acts[See] = true
	for act := See; act <= Delete; act++ {
		if !acts[act] {
			continue
		}
		allowed := p.Policy.Rules.Allows(act, t)
		if allowed == malformed {
			return nil, false
		}
		if p.Caller.Kind() != Server && allowed != anyone {
			sets = append(sets, allowed)
		}
	}
	return sets, true
}

// field is the input that asked for the act.
func (p *Plan) field(a Act) string {
	switch a {
	case Rename:
		if p.Name.Given {
			return "name"
		}
		return "photo"
	case AddOccupants:
		return "addOccupants"
	case Leave, RemoveOthers, RemoveManagers:
		return "removeOccupants"
	case SetCustomData:
		return "customData"
	case ChangeAdmins, StepDown:
		if len(p.AddAdmins) > 0 {
			return "addAdmins"
		}
		return "removeAdmins"
	case Transfer:
		return "newOwnerId"
	}
	return "id"
}
