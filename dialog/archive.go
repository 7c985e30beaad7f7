package dialog

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
)

// An Archive reads and writes whole dialogs without any rules: for operators who
// move data, never for callers.
type Archive interface {
	// Scan must return at most limit dialogs with their numbered History, in
	// the order of their ids: the first ones after the given id, which may be
	// empty. Tombstones are left out.
	Scan(ctx context.Context, after ID, limit int) ([]Dialog, error)
	// Restore must store the dialogs as they are, History included, and
	// replace those that have the same ids. Each Private dialog becomes the
	// one of its two users; when they already have another one, Restore must
	// return [ErrPairTaken], and may store none of the dialogs. Restoring
	// twice must have the same effect as once.
	Restore(ctx context.Context, dialogs []Dialog) error
}

// A Checksum compares two sets of dialogs, whatever stores they are in. Add the
// dialogs in the order of their ids.
type Checksum struct {
	hash  hash.Hash
	count int
}

// NewChecksum returns the checksum of no dialogs.
func NewChecksum() *Checksum { return &Checksum{hash: sha256.New()} }

// Add adds a dialog with its History.
func (c *Checksum) Add(d *Dialog) {
	c.count++
	text := d.fingerprint()
	c.hash.Write(text)
}

// Count is how many dialogs were added.
func (c *Checksum) Count() int { return c.count }

// Sum is the checksum so far.
func (c *Checksum) Sum() [32]byte { return [32]byte(c.hash.Sum(nil)) }

// Equal reports whether two dialogs are the same in everything that a store
// keeps, History included.
func (d *Dialog) Equal(other *Dialog) bool {
	return string(d.fingerprint()) == string(other.fingerprint())
}

// fingerprint is everything that a store keeps, as text. encoding/json sorts
// the keys of maps.
func (d *Dialog) fingerprint() []byte {
	text, err := json.Marshal(d)
	if err != nil { // strings, numbers and instants of four-digit years never fail
		panic("dialog: fingerprint: " + err.Error())
	}
	return append(text, '\n')
}
