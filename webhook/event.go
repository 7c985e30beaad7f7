package webhook

import (
	"fmt"
	"strings"
	"time"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// maxBody is the largest body of a delivery, in bytes, as recommended by Standard
// Webhooks.
const maxBody = 20 << 10

// A message is the content of a delivery.
type message struct {
	// id is the same for all attempts to deliver this message.
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
	body, err := dialog.MarshalPlain(envelope{kind, dialogjson.Instant(at), data})
	return &message{id, body}, err
}

// A change is the data of a message about a change.
type change struct {
	DialogID   dialog.ID         `json:"dialogId"`
	DialogType string            `json:"dialogType"`
	Change     dialogjson.Change `json:"change"`
	// Dialog is the current dialog, if the webhook asks for it.
	Dialog *dialogjson.Dialog `json:"dialog,omitempty"`
	// Truncated means that some lists were left out because the body was too long. Their
	// counts are still present.
	Truncated bool `json:"truncated,omitempty"`
}

// changeMessage makes the message about one change. If its body would be longer than 20
// KiB, it leaves out as few lists as possible, the longest first.
func changeMessage(d *dialog.Dialog, r *dialog.Record, withDialog bool) (*message, error) {
	data := change{DialogID: d.ID, DialogType: dialogjson.Types.Name(d.Type), Change: dialogjson.NewChange(r)}
	lists := changeLists(&data.Change)
	if withDialog && !d.Deleted {
		data.Dialog = dialogjson.NewDialog(d)
		lists = append(lists, dialogLists(data.Dialog)...)
	}
	for {
		m, err := newMessage(fmt.Sprintf("%s_%d", d.ID, r.Version), "dialog."+strings.ToLower(dialogjson.Kinds.Name(r.Kind)), r.At, data)
		if err != nil || len(m.body) <= maxBody || !leaveOut(lists) {
			return m, err
		}
		data.Truncated = true
	}
}

// A long is a list that may be left out.
type long struct {
	size int // in bytes, roughly
	drop func()
}

func changeLists(r *dialogjson.Change) []*long {
	return []*long{
		longList(&r.AddedOccupantIDs), longList(&r.RemovedOccupantIDs), longList(&r.AddedAdminIDs), longList(&r.RemovedAdminIDs),
	}
}

func dialogLists(s *dialogjson.Dialog) []*long {
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

// leaveOut leaves out the longest remaining list, and reports whether there was one.
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

// A dialogGap is the data of a message about changes of one dialog that will not be
// delivered.
type dialogGap struct {
	DialogID dialog.ID `json:"dialogId"`
	// ToVersion is the version of the last change that will not be delivered.
	ToVersion int64 `json:"toVersion"`
}

// dialogGapMessage tells the receiver that changes of a dialog, up to this version, will
// not be delivered.
func dialogGapMessage(id dialog.ID, version int64, at time.Time) (*message, error) {
	return newMessage(fmt.Sprintf("%s_%d_gap", id, version), "gap", at, dialogGap{id, version})
}

// A gap is the data of a message about missed changes of any dialogs.
type gap struct {
	// Cursor is the position after the gap, from which changes are delivered again. It is a
	// cursor for dialogChanges(after:).
	Cursor string `json:"cursor"`
}

func gapMessage(webhook dialog.ID, mark dialog.Mark, at time.Time) (*message, error) {
	return newMessage(fmt.Sprintf("%s_%d_gap", webhook, at.UnixMilli()), "gap", at, gap{dialog.CursorAt(mark, at)})
}
