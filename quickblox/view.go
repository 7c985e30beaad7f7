package quickblox

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialogs/dialog"
)

// timeFormat is that of created_at and updated_at, to the second.
const timeFormat = "2006-01-02T15:04:05Z"

// A dialogView is a dialog as QuickBlox shows it. This server has no messages:
// the fields about them are as for a dialog without messages.
type dialogView struct {
	ID                  dialog.ID      `json:"_id"`
	CreatedAt           string         `json:"created_at"`
	LastMessage         *string        `json:"last_message"`
	LastMessageDateSent *int64         `json:"last_message_date_sent"`
	LastMessageID       *string        `json:"last_message_id"`
	LastMessageUserID   *userView      `json:"last_message_user_id"`
	Name                *string        `json:"name"`
	OccupantsIDs        []userView     `json:"occupants_ids"`
	AdminIDs            []userView     `json:"admin_ids"`
	Photo               *string        `json:"photo"`
	Type                dialog.Type    `json:"type"`
	UpdatedAt           string         `json:"updated_at"`
	UserID              userView       `json:"user_id"`
	XMPPRoomJID         *string        `json:"xmpp_room_jid"`
	UnreadMessagesCount int            `json:"unread_messages_count"`
	IsJoinRequired      *int           `json:"is_join_required"`
	Data                map[string]any `json:"data,omitempty"`
}

// view shows a dialog in answer to a request, with the custom data of the class
// that the request names.
func (r *request) view(d *dialog.Dialog, class string) dialogView {
	v := dialogView{
		ID: d.ID, Type: d.Type, UserID: userView(d.Owner),
		CreatedAt: d.CreatedAt.UTC().Format(timeFormat), UpdatedAt: d.UpdatedAt.UTC().Format(timeFormat),
		Name: orNull(d.Name), Photo: orNull(d.Photo),
		OccupantsIDs: userViews(d.Occupants), AdminIDs: userViews(d.Admins),
		Data: dataView(d.Custom, class),
	}
	if d.Type != dialog.Private {
		v.XMPPRoomJID = new("0_" + string(d.ID) + "@muc." + r.host)
	}
	if d.Type == dialog.Group {
		v.IsJoinRequired = new(0)
	}
	return v
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// dataView is the custom data of one class: the wanted one if the dialog has
// data of it, else the first by name. nil for none.
func dataView(custom dialog.CustomData, wanted string) map[string]any {
	if _, has := custom[wanted]; !has {
		classes := custom.Classes()
		if len(classes) == 0 {
			return nil
		}
		wanted = classes[0]
	}
	data := make(map[string]any, len(custom[wanted])+1)
	for name, value := range custom[wanted] {
		data[name] = json.RawMessage(value)
	}
	data["class_name"] = wanted
	return data
}

// A userView is a user id. It is a number if QuickBlox could have assigned it: a
// decimal without leading zeros that every JSON reader keeps exactly.
type userView dialog.UserID

// number is the id as a number; not ok for other ids.
func (u userView) number() (n int64, ok bool) {
	if u == "" || strings.Trim(string(u), "0123456789") != "" || len(u) > 1 && u[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(u), 10, 64)
	return n, err == nil && n <= dialog.MaxInteger
}

// MarshalJSON writes a number or a string.
func (u userView) MarshalJSON() ([]byte, error) {
	if _, ok := u.number(); ok {
		return []byte(u), nil
	}
	return json.Marshal(string(u))
}

// userViews are in the order of QuickBlox: numbers by their value, then the
// others.
func userViews(ids []dialog.UserID) []userView {
	views := make([]userView, len(ids))
	for i, id := range ids {
		views[i] = userView(id)
	}
	slices.SortFunc(views, func(a, b userView) int {
		x, aIsNumber := a.number()
		y, bIsNumber := b.number()
		switch {
		case aIsNumber && bIsNumber:
			return cmp.Compare(x, y)
		case aIsNumber:
			return -1
		case bIsNumber:
			return 1
		}
		return cmp.Compare(a, b)
	})
	return views
}

// instantView is a time to the second, null for none.
func instantView(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(timeFormat))
}
