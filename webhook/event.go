package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"dialogs/dialog"
)

// maxBody is the largest body of a delivery, in bytes, as Standard Webhooks suggests.
const maxBody = 20 << 10

// A message is what is sent to a receiver.
type message struct {
	// id is equal for all attempts to deliver the same.
	id   string
	body []byte
}

// An envelope is the body of every delivery.
type envelope struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

func newMessage(id, kind string, at time.Time, data any) (*message, error) {
	body, err := dialog.MarshalPlain(envelope{kind, stamp(at), data})
	return &message{id, body}, err
}

// stamp is an instant as the schema's DateTime writes it.
func stamp(t time.Time) string { return t.UTC().Format(dialog.TimeFormat) }

// A change is the data of a change.
type change struct {
	DialogID   dialog.ID `json:"dialogId"`
	DialogType string    `json:"dialogType"`
	Change     record    `json:"change"`
	// Dialog is the dialog as it is, if the webhook asks for it.
	Dialog *state `json:"dialog,omitempty"`
	// Truncated means that lists were left out, because they were too long; their
	// counts are there.
	Truncated bool `json:"truncated,omitempty"`
}

// A record has the fields of DialogChange in the schema, and counts.
type record struct {
	Kind    string   `json:"kind"`
	Version int64    `json:"version"`
	Actor   actor    `json:"actor"`
	At      string   `json:"at"`
	Changed []string `json:"changed"`
	people
	Name       *string `json:"name"`
	NewOwnerID *string `json:"newOwnerId"`
}

type actor struct {
	UserID     *string `json:"userId"`
	APIKeyName *string `json:"apiKeyName"`
}

type people struct {
	AddedOccupantIDs     *[]dialog.UserID `json:"addedOccupantIds,omitempty"`
	AddedOccupantCount   int              `json:"addedOccupantCount"`
	RemovedOccupantIDs   *[]dialog.UserID `json:"removedOccupantIds,omitempty"`
	RemovedOccupantCount int              `json:"removedOccupantCount"`
	AddedAdminIDs        *[]dialog.UserID `json:"addedAdminIds,omitempty"`
	AddedAdminCount      int              `json:"addedAdminCount"`
	RemovedAdminIDs      *[]dialog.UserID `json:"removedAdminIds,omitempty"`
	RemovedAdminCount    int              `json:"removedAdminCount"`
}

// A state has the fields of Dialog in the schema that do not depend on a caller, and
// counts.
type state struct {
	ID              dialog.ID        `json:"id"`
	Type            string           `json:"type"`
	Name            *string          `json:"name"`
	Photo           *string          `json:"photo"`
	OwnerID         dialog.UserID    `json:"ownerId"`
	OccupantIDs     *[]dialog.UserID `json:"occupantIds,omitempty"`
	OccupantCount   int              `json:"occupantCount"`
	AdminIDs        *[]dialog.UserID `json:"adminIds,omitempty"`
	AdminCount      int              `json:"adminCount"`
	CustomData      *[]custom        `json:"customData,omitempty"`
	CustomDataCount int              `json:"customDataCount"`
	CreatedAt       string           `json:"createdAt"`
	UpdatedAt       string           `json:"updatedAt"`
	Version         int64            `json:"version"`
}

type custom struct {
	ClassName string                     `json:"className"`
	Fields    map[string]json.RawMessage `json:"fields"`
}

// changeMessage makes the message of one change. Lists are left out when the whole would
// be too long: the longest first, as few as possible.
func changeMessage(d *dialog.Dialog, r *dialog.Record, withDialog bool) (*message, error) {
	data := change{DialogID: d.ID, DialogType: typeNames.name(d.Type), Change: newRecord(r)}
	lists := data.Change.lists()
	if withDialog && !d.Deleted {
		data.Dialog = newState(d)
		lists = append(lists, data.Dialog.lists()...)
	}
	for {
		m, err := newMessage(fmt.Sprintf("%s_%d", d.ID, r.Version), "dialog."+kindWords.name(r.Kind), r.At, data)
		if err != nil || len(m.body) <= maxBody || !leaveOut(lists) {
			return m, err
		}
		data.Truncated = true
	}
}

func newRecord(r *dialog.Record) record {
	changed := []string{}
	for _, a := range r.Changed {
		changed = append(changed, aspectNames.name(a))
	}
	return record{
		Kind: kindNames.name(r.Kind), Version: r.Version, At: stamp(r.At), Changed: changed,
		Actor: actor{optional(r.Actor.User), optional(r.Actor.APIKey)},
		people: people{
			list(r.Joined), len(r.Joined), list(r.Left), len(r.Left),
			list(r.NewAdmins), len(r.NewAdmins), list(r.LostAdmins), len(r.LostAdmins),
		},
		Name: optional(r.Name), NewOwnerID: optional(r.NewOwner),
	}
}

func newState(d *dialog.Dialog) *state {
	data := []custom{}
	for _, class := range d.Custom.Classes() {
		fields := map[string]json.RawMessage{}
		for name, value := range d.Custom[class] {
			fields[name] = json.RawMessage(value)
		}
		data = append(data, custom{class, fields})
	}
	return &state{
		ID: d.ID, Type: typeNames.name(d.Type), Name: optional(d.Name), Photo: optional(d.Photo), OwnerID: d.Owner,
		OccupantIDs: list(d.Occupants), OccupantCount: len(d.Occupants), AdminIDs: list(d.Admins), AdminCount: len(d.Admins),
		CustomData: &data, CustomDataCount: len(data), CreatedAt: stamp(d.CreatedAt), UpdatedAt: stamp(d.UpdatedAt), Version: d.Version,
	}
}

// A long is a list that can be left out.
type long struct {
	size int // in bytes, about
	drop func()
}

func (r *record) lists() []*long {
	return []*long{
		longList(&r.AddedOccupantIDs), longList(&r.RemovedOccupantIDs), longList(&r.AddedAdminIDs), longList(&r.RemovedAdminIDs),
	}
}

func (s *state) lists() []*long {
	data := &long{drop: func() { s.CustomData = nil }}
	for _, c := range *s.CustomData {
		for name, value := range c.Fields {
			data.size += len(name) + len(value)
		}
	}
	return []*long{longList(&s.OccupantIDs), longList(&s.AdminIDs), data}
}

func longList(ids **[]dialog.UserID) *long {
	l := &long{drop: func() { *ids = nil }}
	for _, id := range **ids {
		l.size += len(id) + 3
	}
	return l
}

// leaveOut leaves out the longest list, and reports whether there was one.
func leaveOut(lists []*long) bool {
	longest := &long{}
	for _, l := range lists {
		if l.size > longest.size {
			longest = l
		}
	}
	if longest.size == 0 {
		return false
	}
	longest.drop()
	longest.size = 0
	return true
}

// list is a list of ids that is never null.
func list(ids []dialog.UserID) *[]dialog.UserID {
	all := append([]dialog.UserID{}, ids...)
	return &all
}

// optional is null for an empty string.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// A dialogGap is the data of a gap in the changes of one dialog.
type dialogGap struct {
	DialogID dialog.ID `json:"dialogId"`
	// ToVersion is the last version that was not delivered.
	ToVersion int64 `json:"toVersion"`
}

// dialogGapMessage says that changes of a dialog up to a version will not be delivered.
func dialogGapMessage(id dialog.ID, version int64, at time.Time) (*message, error) {
	return newMessage(fmt.Sprintf("%s_%d_gap", id, version), "gap", at, dialogGap{id, version})
}

// A gap is the data of a gap in the changes of all dialogs.
type gap struct {
	// Cursor is the position from which changes are delivered again, for
	// dialogChanges(after:).
	Cursor string `json:"cursor"`
}

func gapMessage(webhook dialog.ID, mark dialog.Mark, at time.Time) (*message, error) {
	return newMessage(fmt.Sprintf("%s_%d_gap", webhook, at.UnixMilli()), "gap", at, gap{dialog.CursorAt(mark, at)})
}
