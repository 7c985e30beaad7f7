package dialog

import "time"

// A Policy is who may do what, how much, and how long it is remembered. It is a
// plain value. The zero Policy allows nothing.
type Policy struct {
	Rules  Rules
	Limits Limits
	Quotas Quotas
	// SyncKept is how long deleted dialogs are kept as tombstones, and how long
	// a dialog remembers who stopped being part of it. A client that was away
	// for longer must read everything again.
	SyncKept time.Duration
}

// DefaultPolicy is the built-in rule table with these limits, without quotas.
func DefaultPolicy(limits Limits) Policy {
	return Policy{Rules: defaultRules(), Limits: limits, SyncKept: DefaultSyncKept}
}

// Can reports whether the caller may do the act to the dialog. A server may do
// every act that the dialog's type has, except those that are about oneself:
// leave and step down.
func (p *Policy) Can(c Caller, a Act, d *Dialog) bool {
	if c.Kind() == Server && (a == Leave || a == StepDown) {
		return false
	}
	return p.Rules.Allows(a, d.Type)&d.Roles(c) != 0
}

// CanRemove reports whether the caller may remove this occupant. Removing
// oneself is leaving.
func (p *Policy) CanRemove(c Caller, target UserID, d *Dialog) bool {
	return p.Can(c, d.removal(c, target), d)
}

// CanChangeAdmin reports whether the caller may appoint this user as admin, or
// remove the role from them. The owner is never an admin.
func (p *Policy) CanChangeAdmin(c Caller, target UserID, d *Dialog) bool {
	return target != d.Owner && p.Can(c, d.adminChange(c, target), d)
}

// JudgeSight denies callers who may not see the dialog. The error is the same
// for every dialog, so that guessing an id teaches nothing.
func (p *Policy) JudgeSight(c Caller, d *Dialog) error {
	if p.Can(c, See, d) {
		return nil
	}
	return p.forbidden(See, StandingOutsider, members)
}
