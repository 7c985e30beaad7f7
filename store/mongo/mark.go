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

// A mark is a client's position in the changes. A client reads in rounds. A round reads
// the changes after the floor, in the order of [place], until there are no more or until
// it has passed the ceiling, which is the database's time at the start of the round. The
// next round starts shortly before the ceiling, because a write can become visible late.
type mark struct {
	epoch   bson.ObjectID
	floor   bson.DateTime
	ceiling bson.DateTime // 0 between rounds
	// at is the last place that was read; zero for none.
	at place
}

// A place is the position of a dialog in the order of changes.
type place struct {
	changed bson.DateTime
	id      bson.ObjectID
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.changed, o.changed), slices.Compare(p.id[:], o.id[:]))
}

// resume begins a round, or continues the one that the mark is in. A round that began longer
// ago than the overlap is not continued: in the next one, the client would read again
// everything since then. Instead, a new round begins where the old one may have missed what
// became visible late: all that was stamped up to the overlap before its ceiling was visible
// when the round began.
func (m *mark) resume(now bson.DateTime) (continued bool) {
	switch {
	case m.ceiling == 0:
		m.at = atEndOf(m.floor)
	case m.ceiling >= before(now, overlap):
		return true
	default:
		if final := m.final(); m.at.changed > final {
			m.floor, m.at = final, atEndOf(final)
		}
	}
	m.ceiling = now
	return false
}

// final is up to when nothing becomes visible any more that the round has not read.
func (m *mark) final() bson.DateTime { return max(m.floor, before(m.ceiling, overlap)) }

var markEncoding = base64.RawURLEncoding.Strict()

func (m *mark) encode() dialog.Mark {
	b := append([]byte{}, m.epoch[:]...)
	for _, t := range []bson.DateTime{m.floor, m.ceiling, m.at.changed} {
		b = binary.AppendVarint(b, int64(t))
	}
	b = append(b, m.at.id[:]...)
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
	if r.failed || m.encode() != text {
		return mark{}, errMark
	}
	return m, nil
}

// A markReader reads the parts of a mark. After the first missing part, it reads no more.
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

func (r *markReader) time() bson.DateTime {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return bson.DateTime(v)
}

func after(t bson.DateTime, d time.Duration) bson.DateTime {
	return t + bson.DateTime(d.Milliseconds())
}

func before(t bson.DateTime, d time.Duration) bson.DateTime {
	return t - bson.DateTime(d.Milliseconds())
}
