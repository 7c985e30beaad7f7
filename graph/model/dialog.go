// Package model has the domain as GraphQL shows it: views of its types with the
// fields of the schema, and gqlgen's own types for inputs and payloads. It must
// neither decide anything nor use a store.
package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
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
	if first < 1 || first > MaxPage {
		return OccupantConnection{}, dialog.InvalidInput("first", fmt.Sprintf("first must be between 1 and %d", MaxPage))
	}
	start := 0
	if after != nil {
		place, err := d.parsePlace(*after)
		if err != nil {
			return OccupantConnection{}, err
		}
		start = place
	}
	all := d.dialog.Occupants
	end := min(start+first, len(all))
	page := OccupantConnection{
		Edges: []OccupantEdge{}, Nodes: []Occupant{}, TotalCount: len(all),
		PageInfo: PageInfo{Next: Known(end < len(all)), Previous: Known(start > 0)},
	}
	for i := start; i < end; i++ {
		occupant := Occupant{user: all[i], dialog: d}
		page.Nodes = append(page.Nodes, occupant)
		page.Edges = append(page.Edges, OccupantEdge{Node: occupant, Cursor: d.place(i)})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return page, nil
}

// An occupantPlace is a position among the occupants of a dialog: that of a
// user, or if they have left, their former number.
type occupantPlace struct {
	Version int           `json:"v"`
	Dialog  dialog.ID     `json:"d"`
	User    dialog.UserID `json:"u"`
	Number  int           `json:"n"`
}

func (d *Dialog) place(i int) string {
	text, err := json.Marshal(occupantPlace{Version: 1, Dialog: d.dialog.ID, User: d.dialog.Occupants[i], Number: i})
	if err != nil { // strings and numbers can't fail
		panic("model: encoding a cursor: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parsePlace reads a cursor and returns the index of the occupant after it.
func (d *Dialog) parsePlace(cursor string) (int, error) {
	var p occupantPlace
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Version != 1 || p.Dialog != d.dialog.ID || p.Number < 0 {
		return 0, dialog.InvalidInput("after", "invalid cursor: it does not come from the occupants of this dialog")
	}
	if i := slices.Index(d.dialog.Occupants, p.User); i >= 0 {
		return i + 1, nil
	}
	return min(p.Number, len(d.dialog.Occupants)), nil
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
