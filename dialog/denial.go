package dialog

import (
	"fmt"
	"strings"
)

// A Denial explains why the rules forbid something.
type Denial struct {
	// Rule is the act that was denied, by the [Rule]'s name.
	Rule string
	// Standing is what the caller is to the dialog; zero where the rule is
	// not about a dialog.
	Standing Standing
	// Allowed lists who could do it, the highest first.
	Allowed []Standing
}

// verbs say in prose what each act does: "only the owner may …".
var verbs = [...]string{
	See:            "see this dialog",
	Rename:         "change the name or photo",
	AddOccupants:   "add occupants",
	Leave:          "leave",
	RemoveOthers:   "remove others",
	RemoveManagers: "remove the owner or an admin",
	SetCustomData:  "set custom data",
	ChangeAdmins:   "appoint or remove admins",
	StepDown:       "step down as admin",
	Transfer:       "transfer the ownership",
	Delete:         "delete this dialog",
}

// absent say in prose that a type of dialog does not have an act. TYPE stands
// for the type, FIELD for the input that asked for the act.
var absent = [...]string{
	See:            "a TYPE cannot be seen",
	Rename:         "a TYPE has no FIELD",
	AddOccupants:   "occupants cannot be added to a TYPE",
	Leave:          "nobody can leave a TYPE",
	RemoveOthers:   "occupants cannot be removed from a TYPE",
	RemoveManagers: "occupants cannot be removed from a TYPE",
	SetCustomData:  "a TYPE has no custom data",
	ChangeAdmins:   "a TYPE has no admins",
	StepDown:       "a TYPE has no admins",
	Transfer:       "the ownership of a TYPE cannot be transferred",
	Delete:         "a TYPE cannot be deleted",
}

// forbidden is the error for an act that these roles may do and the caller may
// not.
func (p *Policy) forbidden(a Act, standing Standing, allowed Roles) error {
	names := make([]string, 0, 4)
	for _, s := range allowed.standings() {
		names = append(names, s.phrase())
	}
	who := strings.Join(names, ", ")
	if n := len(names) - 1; n > 0 {
		who = strings.Join(names[:n], ", ") + " or " + names[n]
	}
	return &Error{
		Code:    Forbidden,
		Message: fmt.Sprintf("only %s may %s; you are %s", who, verbs[a], standing.phrase()),
		Denial:  &Denial{Rule: p.Rules[a].Name, Standing: standing, Allowed: allowed.standings()},
	}
}

// errNoSuchAct is the error for an act that a type of dialog does not have.
func errNoSuchAct(a Act, t Type, field string) error {
	return invalid(field, strings.NewReplacer("TYPE", t.String(), "FIELD", field).Replace(absent[a]))
}

// phrase is the standing in prose.
func (s Standing) phrase() string {
	switch s {
	case StandingServer:
		return "a server"
	case StandingOwner:
		return "the owner"
	case StandingAdmin:
		return "an admin"
	case StandingOccupant:
		return "an occupant"
	}
	return "not a member"
}
