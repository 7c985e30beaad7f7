package webhook

import (
	"cmp"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"dialogs/dialog"
	"dialogs/live"
)

const (
	// windowMost is how many dialogs with undelivered changes are in memory, and windowBytes
	// how much memory these take when no further one is added.
	windowMost  = 128
	windowBytes = 8 << 20
	// sentMost is how many dialogs' delivered versions are remembered over a restart.
	sentMost = 500
)

// A job is the changes of one dialog that are waiting to be delivered, in order.
type job struct {
	id dialog.ID
	// dialog is the dialog with the records that are waiting; nil if it was deleted and
	// forgotten. bytes is how much memory it takes.
	dialog *dialog.Dialog
	bytes  int64
	// next is the version to deliver next, and last is the last one that is waiting.
	next, last int64
	// missed is the last version that can't be delivered, 0 for none: the receiver must be
	// told first.
	missed   int64
	attempts int

	// since is the reading in which the first waiting version was read. goal is the first
	// reading that has ended since then, and goalVersion the last version known at that
	// time; 0 if none has ended. later is the first reading after goal that had a new
	// version.
	since, goal, later int
	goalVersion        int64
}

// hold keeps the dialog for the versions that are waiting.
func (j *job) hold(d *dialog.Dialog) {
	j.dialog, j.last = d.WithLatest(int(max(0, d.Version-j.next+1))), d.Version
	j.bytes = j.dialog.Memory()
}

// A window has the jobs of one webhook, and knows up to which place everything was
// delivered.
type window struct {
	jobs  map[dialog.ID]*job
	ready []*job // jobs without a delivery in progress, oldest first
	// reading is the number of the current reading, from 1.
	reading int
	// places are the ends of readings before which something is not delivered yet.
	places []placed
	// done is the latest place before which every change was delivered or is held.
	done live.Place
	sent *lru.Cache[dialog.ID, int64]
}

type placed struct {
	reading int
	place   live.Place
}

func newWindow(done live.Place) *window {
	w := &window{jobs: map[dialog.ID]*job{}, reading: 1, done: done}
	w.sent, _ = lru.New[dialog.ID, int64](sentMost) // fails for a size below 1
	for id, version := range done.Versions {
		w.sent.Add(id, version)
	}
	return w
}

// hasRoom reports whether a dialog can be added.
func (w *window) hasRoom(id dialog.ID) bool {
	if w.jobs[id] != nil {
		return true
	}
	bytes := int64(0)
	for _, j := range w.jobs {
		bytes += j.bytes
	}
	return len(w.jobs) < windowMost && bytes < windowBytes
}

// add adds the new changes of a dialog.
func (w *window) add(n *live.News) {
	d := n.Dialog
	first := d.Version - int64(n.Fresh) + 1
	if j := w.jobs[d.ID]; j != nil {
		if j.goal > 0 && j.later == 0 {
			j.later = w.reading
		}
		if d.Version > j.last { // a held dialog is read separately, and may be newer
			j.hold(d)
		}
		return
	}
	j := &job{id: d.ID, next: first, since: w.reading}
	if n.Lost {
		j.next = 1 // reports a gap up to the first version that is kept
	}
	if version, ok := w.sent.Get(d.ID); ok {
		j.next = max(j.next, version+1)
	}
	if j.next <= d.Version {
		j.hold(d)
		w.put(j)
	}
}

// put adds a job.
func (w *window) put(j *job) {
	w.jobs[j.id] = j
	w.ready = append(w.ready, j)
}

// take takes the next job out of ready; nil if there is none.
func (w *window) take() *job {
	if len(w.ready) == 0 {
		return nil
	}
	j := w.ready[0]
	w.ready[0] = nil
	w.ready = w.ready[1:]
	return j
}

// delivered notes that no version up to this one needs another attempt. The caller then
// puts the job back, or removes it.
func (w *window) delivered(j *job, version int64) {
	w.sent.Add(j.id, version)
	if j.goal > 0 && version >= j.goalVersion {
		j.since, j.goal, j.later = cmp.Or(j.later, w.reading), 0, 0
	}
}

// remove removes a job whose changes were all delivered, or are held.
func (w *window) remove(j *job) {
	delete(w.jobs, j.id)
	w.settle()
}

// read notes that a reading has ended at a place.
func (w *window) read(p live.Place) {
	w.places = append(w.places, placed{w.reading, p})
	for _, j := range w.jobs {
		if j.goal == 0 {
			j.goal, j.goalVersion = w.reading, j.last
		}
	}
	w.reading++
	w.settle()
}

// settle moves done to the latest place before which no job is waiting.
func (w *window) settle() {
	oldest := w.reading
	for _, j := range w.jobs {
		oldest = min(oldest, j.since)
	}
	n, _ := slices.BinarySearchFunc(w.places, oldest, func(p placed, reading int) int { return cmp.Compare(p.reading, reading) })
	if n > 0 {
		w.done = w.places[n-1].place
		w.places = slices.Delete(w.places, 0, n)
	}
}

// progress stores in p up to which place everything was delivered.
func (w *window) progress(p *dialog.WebhookProgress) {
	p.Mark, p.At, p.Sent = w.done.Mark, w.done.At.UTC().Truncate(time.Millisecond), nil
	for _, id := range w.sent.Keys() {
		version, _ := w.sent.Peek(id)
		p.Sent = append(p.Sent, dialog.WebhookDialog{ID: id, Version: version})
	}
}
