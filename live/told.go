package live

import (
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

const (
	// toldMost is how many dialogs' versions the hub remembers. An entry takes about 150
	// bytes.
	toldMost = 100_000
	// sweepsMost is for how many sweeps, together one minute, a deleted dialog is
	// remembered. It does not change any more, and only the latest sweeps can read it
	// again.
	sweepsMost = int(time.Minute / sweepEvery)
	// Skew is how much the clocks of instances may differ.
	Skew = time.Minute
	// together is how long before the last record other records also count as new, in
	// addition to the time since everything was read, if the clock of their writer is so far
	// behind that they are dated before since.
	together = 10 * time.Second
)

// told records what the hub has handed out: the latest version of each dialog. For a
// dialog that it does not remember, the records after the time since are new.
type told struct {
	versions *lru.Cache[dialog.ID, toldVersion]
	// since is a time by the clock of this instance.
	since *time.Time
	// exact means that a whole sweep was read: a dialog that is read now and not
	// remembered has changed.
	exact bool
	// deleted are the deleted dialogs since the last sweep, since the one before, and so on.
	deleted [sweepsMost][]dialog.ID
}

type toldVersion struct {
	version int64
	at      time.Time
}

func newTold(now time.Time) told {
	since := now.Add(-Skew)
	t := told{since: &since}
	// Every change of a dialog after it was forgotten is newer than the time at which it
	// was last read.
	t.versions, _ = lru.NewWithEvict(toldMost, func(_ dialog.ID, v toldVersion) { // fails for a size below 1
		if v.at.After(*t.since) {
			*t.since = v.at
		}
	})
	return t
}

func (t *told) version(id dialog.ID) (int64, bool) {
	v, ok := t.versions.Peek(id)
	return v.version, ok
}

func (t *told) set(d *dialog.Dialog, now time.Time) {
	t.versions.Add(d.ID, toldVersion{d.Version, now})
	if d.Deleted {
		t.deleted[0] = append(t.deleted[0], d.ID)
	}
}

// swept forgets the deleted dialogs that no sweep will read again.
func (t *told) swept() {
	t.exact = true
	since := *t.since
	for _, id := range t.deleted[sweepsMost-1] {
		t.versions.Remove(id)
	}
	*t.since = since // these dialogs do not change again, so since does not have to advance
	copy(t.deleted[1:], t.deleted[:])
	t.deleted[0] = nil
}

// fresh returns how many of the last records were not handed out yet. lost means that
// there were more, which are no longer kept. unread is how long ago everything was read.
func (t *told) fresh(d *dialog.Dialog, unread time.Duration) (n int, lost bool) {
	if v, ok := t.versions.Get(d.ID); ok {
		n := max(0, d.Version-v.version)
		kept := int64(len(d.History))
		return int(min(n, kept)), n > kept
	}
	since := *t.since
	if t.exact && len(d.History) > 0 {
		// Its last record is new, even if the clock of its writer was set back.
		if last := d.History[len(d.History)-1].At; !last.After(since) {
			since = last.Add(-together - unread)
		}
	}
	// All records from the first one that is new: a clock that was set back makes a later
	// one seem older.
	if first := slices.IndexFunc(d.History, func(r dialog.Record) bool { return r.At.After(since) }); first >= 0 {
		n = len(d.History) - first
	}
	return n, n == len(d.History) && d.Version > int64(n)
}
