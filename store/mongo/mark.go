package mongo

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// seenMost is how many dialogs a mark remembers as sent. A dialog beyond that may
// be sent again.
const seenMost = 100

// A mark is where a client is in the changes. It reads in rounds: a round reads
// what was written after the floor, in the order of [place], until nothing is
// left or it has passed the ceiling, which is the database's time when the round
// began. The next round begins a little before the ceiling, because a write can
// become visible late.
type mark struct {
	epoch   bson.ObjectID
	floor   bson.DateTime
	ceiling bson.DateTime // 0 between rounds
	// at is the last place that was read in this round; zero for none.
	at place
	// seen are the latest dialogs that were sent.
	seen []sighting
}

// A place is where a dialog is in the order of changes.
type place struct {
	changed bson.DateTime
	id      bson.ObjectID
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.changed, o.changed), slices.Compare(p.id[:], o.id[:]))
}

// A sighting is what the client was told about a dialog.
type sighting struct {
	place
	version int64 // 0 when the dialog was removed
}

// knows reports whether the client was told exactly this. That a dialog is removed
// is told once, whatever happens to it later.
func (m *mark) knows(s sighting) bool {
	i := slices.IndexFunc(m.seen, func(o sighting) bool { return o.id == s.id })
	if i < 0 {
		return false
	}
	return m.seen[i] == s || s.version == 0 && m.seen[i].version == 0
}

func (m *mark) see(s sighting) {
	m.seen = slices.DeleteFunc(m.seen, func(o sighting) bool { return o.id == s.id })
	m.seen = append(m.seen, s)
	m.seen = m.seen[max(0, len(m.seen)-seenMost):]
}

var markEncoding = base64.RawURLEncoding.Strict()

func (m *mark) encode() dialog.Mark {
	b := append([]byte{}, m.epoch[:]...)
	for _, t := range []bson.DateTime{m.floor, m.ceiling, m.at.changed} {
		b = binary.AppendVarint(b, int64(t))
	}
	b = append(b, m.at.id[:]...)
	for _, s := range m.seen {
		b = append(b, s.id[:]...)
		b = binary.AppendVarint(b, int64(s.changed))
		b = binary.AppendVarint(b, s.version)
	}
	return dialog.Mark(markEncoding.EncodeToString(b))
}

var errMark = errors.New("invalid mark")

func decodeMark(text dialog.Mark) (m mark, err error) {
	b, err := markEncoding.DecodeString(string(text))
	if err != nil {
		return mark{}, errMark
	}
	r := markReader{rest: b}
	m.epoch = r.id()
	m.floor, m.ceiling, m.at.changed = r.time(), r.time(), r.time()
	m.at.id = r.id()
	for len(r.rest) > 0 && !r.failed && len(m.seen) < seenMost {
		s := sighting{place: place{id: r.id()}}
		s.changed, s.version = r.time(), r.number()
		m.seen = append(m.seen, s)
	}
	if r.failed || m.encode() != text {
		return mark{}, errMark
	}
	return m, nil
}

// A markReader reads the parts of a mark until one is missing.
type markReader struct {
	rest   []byte
	failed bool
}

func (r *markReader) id() (id bson.ObjectID) {
	if len(r.rest) < len(id) {
		r.failed, r.rest = true, nil
		return id
	}
	copy(id[:], r.rest)
	r.rest = r.rest[len(id):]
	return id
}

func (r *markReader) number() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *markReader) time() bson.DateTime { return bson.DateTime(r.number()) }

func before(t bson.DateTime, d time.Duration) bson.DateTime {
	return t - bson.DateTime(d.Milliseconds())
}
