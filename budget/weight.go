package budget

import (
	"math"

	"dialogs/dialog"
)

// The bytes that values take in addition to their text.
const (
	dialogOverhead = 2 << 10 // its views, and structures of the answer
	idOverhead     = 32      // string headers
	fieldOverhead  = 256     // entries of maps
	recordOverhead = 512
)

// DialogMemory returns roughly how many bytes a loaded dialog takes, including its views.
func DialogMemory(d *dialog.Dialog) int64 {
	n := dialogOverhead + len(d.Name) + len(d.Photo) + ids(d.Occupants) + ids(d.Admins)
	for class, fields := range d.Custom {
		n += fieldOverhead + len(class)
		for name, value := range fields {
			n += fieldOverhead + len(name) + len(value)
		}
	}
	for i := range d.History {
		r := &d.History[i]
		n += recordOverhead + len(r.Name) + ids(r.Joined) + ids(r.Left) + ids(r.NewAdmins) + ids(r.LostAdmins)
	}
	return int64(n)
}

func ids(list []dialog.UserID) int {
	n := len(list) * idOverhead
	for _, id := range list {
		n += len(id)
	}
	return n
}

// MostDialogMemory returns how many bytes a dialog can take at most under the limits,
// without its history.
func MostDialogMemory(l dialog.Limits) int64 {
	id := dialog.MaxUserIDBytes + idOverhead
	n := int64(dialogOverhead + 4*l.NameLength + l.PhotoBytes)
	n += int64(l.Occupants+l.Admins) * int64(id)
	return n + int64(l.CustomBytes)*fieldOverhead/64 // where most values are short texts
}

// MostHistoryMemory returns how many bytes the history of a dialog can take at most: one
// record with all members, for its creation, and updates with full lists.
func MostHistoryMemory(l dialog.Limits) int64 {
	id := int64(dialog.MaxUserIDBytes + idOverhead)
	lists := int64(l.Occupants+l.Admins) + dialog.HistoryKept*4*int64(l.IDsPerList)
	return dialog.HistoryKept*recordOverhead + lists*id
}

// MostRecordMemory returns how many bytes one record of a dialog's history can take at most.
func MostRecordMemory(l dialog.Limits) int64 {
	id := int64(dialog.MaxUserIDBytes + idOverhead)
	return recordOverhead + int64(l.Occupants+l.Admins+4*l.IDsPerList)*id
}

// TextBytes returns an upper bound of the length of a text as JSON.
func TextBytes(s string) int64 {
	n := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c < ' ' || c >= 0x7f:
			n += 5
		}
	}
	return int64(min(n, math.MaxInt32))
}
