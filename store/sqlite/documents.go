package sqlite

import (
	"math"
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
	// valueBytes is what a field of custom data takes besides its texts.
	valueBytes = 96
	// largestDocument is the part of the memory that one dialog may take.
	largestDocument = 64
)

// documents are the dialogs that pages of own lists had last, as they are at the
// position of [ownLists], which guards them. Whoever gets one must not change it.
type documents struct {
	most, bytes int64
	recent      *simplelru.LRU[int64, *dialog.Dialog]
}

func newDocuments(most int64) *documents {
	recent, err := simplelru.NewLRU[int64, *dialog.Dialog](math.MaxInt32, nil)
	if err != nil {
		panic("sqlite: making the cache of dialogs: " + err.Error()) // its size is positive
	}
	return &documents{most: most, recent: recent}
}

// of returns the dialogs of a list; nil where one is not known.
func (d *documents) of(list []item) []*dialog.Dialog {
	found := make([]*dialog.Dialog, len(list))
	for i := range list {
		found[i], _ = d.recent.Get(list[i].n)
	}
	return found
}

// keep adds a dialog, and removes those that nobody has read for the longest time.
func (d *documents) keep(n int64, document *dialog.Dialog) {
	size := sizeOf(document)
	if size > d.most/largestDocument {
		return
	}
	d.forget(n)
	d.recent.Add(n, document)
	for d.bytes += size; d.bytes > d.most; {
		_, oldest, _ := d.recent.RemoveOldest()
		d.bytes -= sizeOf(oldest)
	}
}

func (d *documents) forget(n int64) {
	if document, ok := d.recent.Peek(n); ok {
		d.recent.Remove(n)
		d.bytes -= sizeOf(document)
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
	for class, fields := range d.Custom {
		size += valueBytes + int64(len(class))
		for field, value := range fields {
			size += valueBytes + int64(len(field)+len(value))
		}
	}
	return size
}
