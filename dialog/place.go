package dialog

import (
	"crypto/sha256"
	"encoding/binary"
)

// An occupantMark identifies an occupant of a dialog in a cursor, whose length
// must not depend on the lengths of ids. Two of a thousand occupants have the same
// mark with a probability of 1 in 500 million.
type occupantMark [6]byte

func (d *Dialog) mark(u UserID) occupantMark {
	sum := sha256.Sum256([]byte(string(d.ID) + string(u)))
	return occupantMark(sum[:6])
}

// How many occupants a cursor names at most, each as a mark.
const (
	placeSeen  = 9 // the one that it stands for, and those before
	placeAhead = 8 // those after
)

// An occupantPlace is a place between two occupants of a dialog. It is the meaning
// of a cursor: an occupant can leave, but hardly everyone around them.
type occupantPlace struct {
	index int // of the last one in seen, when the cursor was made
	// seen are the occupants before the place, ahead those after it, without
	// gaps and in the order of the dialog.
	seen, ahead []occupantMark
}

// placeVersion is the first byte of a cursor. Older cursors are JSON and start
// with another one.
const placeVersion = 2

func (p occupantPlace) text(d *Dialog) string {
	b := []byte{placeVersion}
	of := d.mark("") // no user has this id
	b = append(b, of[:]...)
	b = binary.AppendUvarint(b, uint64(p.index)) //nolint:gosec // an index is not negative
	for _, m := range p.seen {
		b = append(b, m[:]...)
	}
	for _, m := range p.ahead {
		b = append(b, m[:]...)
	}
	return cursorEncoding.EncodeToString(b)
}

// parsePlace reads a cursor of this dialog. It accepts exactly what text writes.
func parsePlace(field, text string, d *Dialog) (occupantPlace, error) {
	var p occupantPlace
	b, err := cursorEncoding.DecodeString(text)
	of := d.mark("")
	const header = 1 + len(of)
	if err != nil || len(b) < header || b[0] != placeVersion {
		return p, errCursor(field)
	}
	if occupantMark(b[1:header]) != of {
		return p, invalid(field, "the cursor belongs to another dialog")
	}
	index, n := binary.Uvarint(b[header:])
	if n <= 0 || index > 1<<32 {
		return p, errCursor(field)
	}
	p.index = int(index)
	var marks []occupantMark
	for rest := b[header+n:]; len(rest) >= len(of); rest = rest[len(of):] {
		marks = append(marks, occupantMark(rest[:len(of)]))
	}
	seen := min(p.index+1, placeSeen)
	if len(marks) < seen || len(marks) > seen+placeAhead {
		return p, errCursor(field)
	}
	p.seen, p.ahead = marks[:seen], marks[seen:]
	if p.text(d) != text {
		return p, errCursor(field)
	}
	return p, nil
}

// find returns the index of the first occupant after the place. found is false
// when nobody around it is left.
//
// Occupants join at the end, so those who stay keep their order, and their index
// never grows. Somebody who left and came back is further down, behind all who
// stay: their present index says nothing about the place.
func (p occupantPlace) find(d *Dialog) (index int, found bool) {
	if p.unchanged(d) {
		return p.index + 1, true
	}
	now := make(map[occupantMark]int, len(d.Occupants))
	for i, u := range d.Occupants {
		now[d.mark(u)] = i
	}
	firstAhead := len(d.Occupants)
	for _, m := range p.ahead {
		if i, ok := now[m]; ok {
			firstAhead = min(firstAhead, i)
		}
	}
	whole := len(p.seen) == p.index+1 // the place names everyone before it
	for k := len(p.seen) - 1; k >= 0; k-- {
		was := p.index - (len(p.seen) - 1 - k)
		i, ok := now[p.seen[k]]
		if ok && i <= was && i < firstAhead && stayed(p.seen[:k], now, i, whole) {
			return i + 1, true
		}
	}
	if whole {
		return 0, true
	}
	for k, m := range p.ahead {
		was := p.index + 1 + k
		if i, ok := now[m]; ok && i == firstAhead && i <= was {
			return i, true
		}
	}
	return 0, false
}

// unchanged reports whether everyone before the place is still where they were.
func (p occupantPlace) unchanged(d *Dialog) bool {
	first := p.index + 1 - len(p.seen)
	if p.index >= len(d.Occupants) {
		return false
	}
	for k, m := range p.seen {
		if d.mark(d.Occupants[first+k]) != m {
			return false
		}
	}
	return true
}

// stayed reports whether the occupant at the index can be one who stayed: directly
// in front of them are those before them who are left. whole means that before are
// all who were in front of them.
func stayed(before []occupantMark, now map[occupantMark]int, index int, whole bool) bool {
	for k := len(before) - 1; k >= 0; k-- {
		i, ok := now[before[k]]
		if !ok || i > index {
			continue
		}
		if i != index-1 {
			return false
		}
		index = i
	}
	return !whole || index == 0
}
