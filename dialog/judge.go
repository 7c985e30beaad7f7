package dialog

// acts lists what the change does to this dialog, as far as the rules tell
// one act from another. Acts are judged on what is asked, not on what it
// would come to.
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
		acts[d.dismissal(p.Caller, id)] = true
	}
	if p.NewOwner != "" {
		acts[Transfer] = true
	}
	if p.Delete {
		acts[Delete] = true
	}
	return acts
}

// judge applies the table: may the caller see the dialog and do each act
// (Forbidden), and does its type know each (Invalid)?
func (p *Plan) judge(d *Dialog) error {
	if err := judgeSight(d, p.Caller); err != nil {
		return err
	}
	acts := p.acts(d)
	roles := d.Roles(p.Caller)
	for act := Rename; act <= Delete; act++ {
		allowed := act.Allows(d.Type)
		if acts[act] && allowed != malformed && allowed&roles == 0 {
			return forbidden(act.Rule(), d.Standing(p.Caller), allowed.standings())
		}
	}
	for act := Rename; act <= Delete; act++ {
		if acts[act] && act.Allows(d.Type) == malformed {
			return invalidf(p.field(act), "a %s does not have this (%s)", d.Type, act.Rule())
		}
	}
	return nil
}

// Required is the table compiled for an engine that must judge before it has
// read: of each of these sets the caller must hold a role in a dialog of the
// type, provided that nobody who is to be removed is its owner or an admin,
// nor the caller an admin who dismisses himself. It is not ok when the change
// is malformed for the type. A server must hold nothing.
func (p *Plan) Required(t Type) (sets []Roles, ok bool) {
	acts := p.acts(&Dialog{Type: t})
	acts[See] = true
	for act := See; act <= Delete; act++ {
		if !acts[act] {
			continue
		}
		allowed := act.Allows(t)
		if allowed == malformed {
			return nil, false
		}
		if p.Caller.Kind() != Server && allowed != anyone {
			sets = append(sets, allowed)
		}
	}
	return sets, true
}

// judgeSight refuses whoever may not see the dialog, in words that are the
// same whatever the dialog is: a guess of an id learns nothing.
func judgeSight(d *Dialog, c Caller) error {
	if d.Can(c, See) {
		return nil
	}
	return forbidden(See.Rule(), StandingOutsider, []Standing{StandingOwner, StandingAdmin, StandingOccupant})
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
	case Leave, RemoveOthers, RemoveChiefs:
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
