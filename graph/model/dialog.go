// Package model has the domain as GraphQL shows it: views of its types with the
// fields of the schema, and gqlgen's own types for inputs and payloads. It must
// neither decide anything nor use a store.
package model

import (
	"time"

	"dialogs/dialog"
)

// MaxPage is the largest first of a list.
const MaxPage = dialog.MaxPage

// A Dialog is a dialog as seen by one caller.
type Dialog struct {
	dialog dialog.Dialog
	caller dialog.Caller
	policy *dialog.Policy
}

// NewDialog is the caller's view of a dialog under a policy; nil for a deleted
// one, or one that they may not see.
func NewDialog(d dialog.Dialog, c dialog.Caller, p *dialog.Policy) *Dialog {
	if d.Deleted {
		return nil
	}
	return &Dialog{dialog: d, caller: c, policy: p}
}

// IsNode marks the dialog as a node.
func (Dialog) IsNode() {}

// Domain is the dialog behind the view.
func (d *Dialog) Domain() *dialog.Dialog { return &d.dialog }

// The fields of Dialog, as described in the schema.

func (d *Dialog) ID() string                      { return string(d.dialog.ID) }
func (d *Dialog) Type() dialog.Type               { return d.dialog.Type }
func (d *Dialog) Name() *string                   { return optional(d.dialog.Name) }
func (d *Dialog) Photo() *string                  { return optional(d.dialog.Photo) }
func (d *Dialog) OwnerID() string                 { return string(d.dialog.Owner) }
func (d *Dialog) OccupantIds() []string           { return Texts(d.dialog.Occupants) }
func (d *Dialog) OccupantCount() int              { return len(d.dialog.Occupants) }
func (d *Dialog) AdminIds() []string              { return Texts(d.dialog.Admins) }
func (d *Dialog) CreatedAt() time.Time            { return d.dialog.CreatedAt }
func (d *Dialog) UpdatedAt() time.Time            { return d.dialog.UpdatedAt }
func (d *Dialog) Version() int                    { return int(d.dialog.Version) }
func (d *Dialog) ViewerCanRename() bool           { return d.can(dialog.Rename) }
func (d *Dialog) ViewerCanLeave() bool            { return d.can(dialog.Leave) }
func (d *Dialog) ViewerCanTransfer() bool         { return d.can(dialog.Transfer) }
func (d *Dialog) ViewerCanDelete() bool           { return d.can(dialog.Delete) }
func (d *Dialog) can(act dialog.Act) bool         { return d.policy.Can(d.caller, act, &d.dialog) }
func (d *Dialog) ViewerCanAddOccupants() bool     { return d.can(dialog.AddOccupants) }
func (d *Dialog) ViewerCanRemoveOthers() bool     { return d.can(dialog.RemoveOthers) }
func (d *Dialog) ViewerCanChangeAdmins() bool     { return d.can(dialog.ChangeAdmins) }
func (d *Dialog) ViewerCanSetCustomData() bool    { return d.can(dialog.SetCustomData) }
func (d *Dialog) ViewerStanding() dialog.Standing { return d.dialog.Standing(d.caller) }

func (d *Dialog) CustomData() []CustomData {
	classes := d.dialog.Custom.Classes()
	data := make([]CustomData, len(classes))
	for i, class := range classes {
		fields := make(map[string]any, len(d.dialog.Custom[class]))
		for name, value := range d.dialog.Custom[class] {
			fields[name] = value
		}
		data[i] = CustomData{ClassName: class, Fields: fields}
	}
	return data
}

func (d *Dialog) Occupants(first int, after *string) (OccupantConnection, error) {
	var from dialog.Optional[string]
	if after != nil {
		from = dialog.Some(*after)
	}
	page, err := d.dialog.OccupantPage(first, from)
	if err != nil {
		return OccupantConnection{}, err
	}
	n := len(page.Occupants)
	conn := OccupantConnection{
		Edges: make([]OccupantEdge, n), Nodes: make([]Occupant, n), TotalCount: len(d.dialog.Occupants),
		PageInfo: PageInfo{Next: Condition(Known(page.HasNext)), Previous: Condition(Known(page.HasPrevious)), Start: Known(""), End: Known("")},
	}
	for i, cursor := range page.Cursors() {
		conn.Nodes[i] = Occupant{user: page.Occupants[i], dialog: d}
		conn.Edges[i] = OccupantEdge{Node: conn.Nodes[i], Cursor: cursor}
	}
	if n > 0 {
		conn.PageInfo.Start, conn.PageInfo.End = Known(conn.Edges[0].Cursor), Known(conn.Edges[n-1].Cursor)
	}
	return conn, nil
}

// An Occupant is a member as seen by one caller.
type Occupant struct {
	user   dialog.UserID
	dialog *Dialog
}

// The fields of Occupant, as described in the schema.

func (o Occupant) UserID() string            { return string(o.user) }
func (o Occupant) Standing() dialog.Standing { return o.dialog.dialog.StandingOf(o.user) }
func (o Occupant) ViewerCanRemove() bool {
	return o.dialog.policy.CanRemove(o.dialog.caller, o.user, &o.dialog.dialog)
}

func (o Occupant) ViewerCanChangeAdmin() bool {
	return o.dialog.policy.CanChangeAdmin(o.dialog.caller, o.user, &o.dialog.dialog)
}
