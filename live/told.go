package live

import (
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
)

const (
	// toldMost is how many dialogs the hub remembers the version of. An entry takes
	// about 150 bytes.
	toldMost = 100_000
	// membersMost is how many dialogs the hub remembers the members of.
	membersMost = 100
	// sweepsMost is for how many sweeps a deleted dialog is remembered: one minute. It does
	// not change any more, and only the last sweeps can read it again.
	sweepsMost = int(time.Minute / sweepEvery)
	// Skew is how much the clocks of instances may differ.
	Skew = time.Minute
	// together is how long before the last record others are new too, if the clock of
	// their writer is further behind than that.
	together = 10 * time.Second
)

// told records what the hub has handed out: the latest version of each dialog.
// Of a dialog that it does not remember, the records after an instant are new.
type told struct {
	versions *lru.Cache[dialog.ID, toldVersion]
	members  *lru.Cache[dialog.ID, []dialog.UserID]
	// since is that instant, by the clock of this instance.
	since *time.Time
	// exact means that whatever comes and is not remembered has changed: a whole sweep was
	// read before.
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
	// Whatever changed after a dialog was forgotten is newer than that.
	t.versions, _ = lru.NewWithEvict(toldMost, func(_ dialog.ID, v toldVersion) { // fails for a size below 1
		if v.at.After(*t.since) {
			*t.since = v.at
		}
	})
	t.members, _ = lru.New[dialog.ID, []dialog.UserID](membersMost)
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
	t.members.Add(d.ID, d.Members())
}

// swept forgets the deleted dialogs that no sweep will read again.
func (t *told) swept() {
	t.exact = true
	since := *t.since
	for _, id := range t.deleted[sweepsMost-1] {
		t.versions.Remove(id)
		t.members.Remove(id)
	}
	*t.since = since // removed for another reason than those that change again
	copy(t.deleted[1:], t.deleted[:])
	t.deleted[0] = nil
}

// people are the members of the dialog when it was handed out last.
func (t *told) people(id dialog.ID) []dialog.UserID {
	list, _ := t.members.Get(id)
	return list
}

// fresh returns how many of the last records were not handed out. lost means that
// more were not, which are no longer kept.
func (t *told) fresh(d *dialog.Dialog) (n int, lost bool) {
	if v, ok := t.versions.Get(d.ID); ok {
		n := max(0, d.Version-v.version)
		kept := int64(len(d.History))
		return int(min(n, kept)), n > kept
	}
	since := *t.since
	if t.exact && len(d.History) > 0 {
		// Its last record is new, even if the clock of its writer was set back.
		if last := d.History[len(d.History)-1].At; !last.After(since) {
			since = last.Add(-together)
		}
	}
	// All since the first one: clocks that are set back make a later one seem older.
	if first := slices.IndexFunc(d.History, func(r dialog.Record) bool { return r.At.After(since) }); first >= 0 {
		n = len(d.History) - first
	}
	return n, n == len(d.History) && d.Version > int64(n)
}
