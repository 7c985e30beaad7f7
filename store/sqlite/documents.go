package sqlite

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"dialogs/dialog"
)

const (
	// documentBytes is what a dialog takes besides its texts and lists: the struct,
	// and its place in the cache.
	documentBytes = int64(unsafe.Sizeof(dialog.Dialog{})) + 160
	// wordBytes is what a string takes besides its text.
	wordBytes = int64(unsafe.Sizeof(""))
	// customBytes is what custom data takes, classBytes each class, and fieldBytes each
	// field, besides their texts: a map has room for eight entries at least.
	customBytes = 256
	classBytes  = 320
	fieldBytes  = 64
	// largestDocument is the part of the memory that one dialog may take.
	largestDocument = 64
)

// documents are the dialogs that were read last, as they are at the position of
// [ownLists], which guards them. Whoever gets one must not change it.
type documents struct {
	most, bytes int64
	recent      *simplelru.LRU[[12]byte, document]
}

// A document is a dialog with its number.
type document struct {
	n      int64
	dialog *dialog.Dialog
}

func newDocuments(most int64) *documents {
	recent, err := simplelru.NewLRU[[12]byte, document](math.MaxInt32, nil)
	if err != nil {
		panic("sqlite: making the cache of dialogs: " + err.Error()) // its size is positive
	}
	return &documents{most: most, recent: recent}
}

// of returns the dialogs of a list; nil where one is not known.
func (d *documents) of(list []item) []*dialog.Dialog {
	found := make([]*dialog.Dialog, len(list))
	for i := range list {
		known, _ := d.recent.Get(list[i].id)
		found[i] = known.dialog
	}
	return found
}

// keep adds a dialog, and removes those that nobody has read for the longest time.
func (d *documents) keep(id [12]byte, known document) {
	d.forget(id)
	size := sizeOf(known.dialog)
	if size > d.most/largestDocument {
		return
	}
	d.recent.Add(id, known)
	for d.bytes += size; d.bytes > d.most; {
		_, oldest, _ := d.recent.RemoveOldest()
		d.bytes -= sizeOf(oldest.dialog)
	}
}

func (d *documents) forget(id [12]byte) {
	if known, ok := d.recent.Peek(id); ok {
		d.recent.Remove(id)
		d.bytes -= sizeOf(known.dialog)
	}
}

// replace brings a dialog, if it is in memory, to the state after a change.
func (d *documents) replace(m *move) {
	switch {
	case !d.recent.Contains(m.id):
	case m.next == nil || m.next.Deleted:
		d.forget(m.id)
	default:
		d.keep(m.id, document{m.n, m.next})
	}
}

func (d *documents) empty() {
	d.recent.Purge()
	d.bytes = 0
}

// sizeOf is about what a dialog takes in memory.
func sizeOf(d *dialog.Dialog) int64 {
	size := documentBytes + int64(len(d.ID)+len(d.Name)+len(d.Photo)+len(d.Owner))
	for _, list := range [][]dialog.UserID{d.Occupants, d.Admins} {
		for _, u := range list {
			size += wordBytes + int64(len(u))
		}
	}
	if len(d.Custom) > 0 {
		size += customBytes
	}
	for class, fields := range d.Custom {
		size += classBytes + int64(len(class))
		for field, value := range fields {
			size += fieldBytes + int64(len(field)+len(value))
		}
	}
	return size
}

// compact returns a dialog as it is kept after a change. Texts of a request may be parts of
// its document, all of which would stay in memory with them. What has not changed is that
// of the current dialog.
func compact(next, current *dialog.Dialog) *dialog.Dialog {
	d := *next
	d.Name = compactText(next.Name, current.Name)
	d.Photo = compactText(next.Photo, current.Photo)
	d.Owner = compactText(next.Owner, current.Owner)
	d.Admins = compactUsers(next.Admins, current.Admins)
	d.Occupants = compactUsers(next.Occupants, current.Occupants)
	d.Custom = compactCustom(next.Custom, current.Custom)
	return &d
}

func compactText[T ~string](next, current T) T {
	if next == current {
		return current
	}
	return T(strings.Clone(string(next)))
}

// compactUsers is a list whose users are parts of one text.
func compactUsers(next, current []dialog.UserID) []dialog.UserID {
	if slices.Equal(next, current) {
		return current
	}
	if len(next) == 0 {
		return nil
	}
	var b strings.Builder
	for _, u := range next {
		b.WriteString(string(u))
	}
	rest, list := b.String(), make([]dialog.UserID, len(next))
	for i, u := range next {
		list[i], rest = dialog.UserID(rest[:len(u)]), rest[len(u):]
	}
	return list
}

func compactCustom(next, current dialog.CustomData) dialog.CustomData {
	if maps.EqualFunc(next, current, maps.Equal) {
		return current
	}
	if len(next) == 0 {
		return nil
	}
	d := make(dialog.CustomData, len(next))
	for class, fields := range next {
		if maps.Equal(fields, current[class]) {
			fields = current[class]
		} else {
			fields = compactFields(fields)
		}
		d[strings.Clone(class)] = fields
	}
	return d
}

func compactFields(fields map[string]dialog.Value) map[string]dialog.Value {
	c := make(map[string]dialog.Value, len(fields))
	for field, value := range fields {
		c[strings.Clone(field)] = dialog.Value(strings.Clone(string(value)))
	}
	return c
}
