package dialog

// The bytes of memory that values take in addition to their text.
const (
	dialogOverhead = 2 << 10 // its views, and structures of the answer
	idOverhead     = 32      // string headers
	fieldOverhead  = 256     // entries of maps
	recordOverhead = 512
)

// Memory returns roughly how many bytes of memory the dialog takes, including the History
// that it has, and what an answer needs to show it.
func (d *Dialog) Memory() int64 {
	n := dialogOverhead + len(d.Name) + len(d.Photo) + idsMemory(d.Occupants) + idsMemory(d.Admins)
	for class, fields := range d.Custom {
		n += fieldOverhead + len(class)
		for name, value := range fields {
			n += fieldOverhead + len(name) + len(value)
		}
	}
	for i := range d.History {
		r := &d.History[i]
		n += recordOverhead + len(r.Name) + idsMemory(r.Joined) + idsMemory(r.Left) + idsMemory(r.NewAdmins) + idsMemory(r.LostAdmins)
	}
	return int64(n)
}

func idsMemory(list []UserID) int {
	n := len(list) * idOverhead
	for _, id := range list {
		n += len(id)
	}
	return n
}

// MostDialogMemory returns how many bytes of memory a dialog can take at most, without its
// history.
func (l Limits) MostDialogMemory() int64 {
	id := MaxUserIDBytes + idOverhead
	n := int64(dialogOverhead + 4*l.NameLength + l.PhotoBytes)
	n += int64(l.Occupants+l.Admins) * int64(id)
	return n + int64(l.CustomBytes)*fieldOverhead/64 // where most values are short texts
}

// MostHistoryMemory returns how many bytes of memory the history of a dialog can take at
// most: one record with all members, for its creation, and updates with full lists.
func (l Limits) MostHistoryMemory() int64 {
	id := int64(MaxUserIDBytes + idOverhead)
	lists := int64(l.Occupants+l.Admins) + HistoryKept*4*int64(l.IDsPerList)
	return HistoryKept*recordOverhead + lists*id
}

// MostRecordMemory returns how many bytes of memory one record of a history can take at
// most.
func (l Limits) MostRecordMemory() int64 {
	id := int64(MaxUserIDBytes + idOverhead)
	return recordOverhead + int64(l.Occupants+l.Admins+4*l.IDsPerList)*id
}
