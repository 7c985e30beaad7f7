package dialog

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
)

// An Archive takes whole dialogs out of a store and puts them into one, past
// the rules: for operators who move data, never for callers.
type Archive interface {
	// Scan must return at most limit dialogs with their numbered History, in
	// the order of their ids: the first of those behind after, which may be
	// empty. Tombstones are left out.
	Scan(ctx context.Context, after ID, limit int) ([]Dialog, error)
	// Restore must store the dialogs as they are, History included, each in
	// the place of what has its id, and let each Private one stand for its
	// pair. One whose pair another dialog stands for must be a [Conflict],
	// and then none of the dialogs need be stored. What it was asked for
	// twice must be as if asked for once.
	Restore(ctx context.Context, dialogs []Dialog) error
}

// A Checksum tells two sets of dialogs apart, whatever stores they are in. It
// is to be fed in the order of ids.
type Checksum struct {
	hash  hash.Hash
	count int
}

// NewChecksum is the checksum of no dialogs.
func NewChecksum() *Checksum { return &Checksum{hash: sha256.New()} }

// Add takes a dialog in, with its History.
func (c *Checksum) Add(d *Dialog) {
	c.count++
	text := d.fingerprint()
	c.hash.Write(text)
}

// Count is how many dialogs were taken in.
func (c *Checksum) Count() int { return c.count }

// Sum is the checksum so far.
func (c *Checksum) Sum() [32]byte { return [32]byte(c.hash.Sum(nil)) }

// Equal tells whether two dialogs are the same in everything that a store
// keeps, their History included.
func (d *Dialog) Equal(other *Dialog) bool {
	return string(d.fingerprint()) == string(other.fingerprint())
}

// fingerprint is everything that a store keeps, as text. encoding/json sorts
// the names of maps.
func (d *Dialog) fingerprint() []byte {
	text, err := json.Marshal(d)
	if err != nil { // strings, numbers and instants of four-digit years can't fail
		panic("dialog: fingerprint: " + err.Error())
	}
	return append(text, '\n')
}
