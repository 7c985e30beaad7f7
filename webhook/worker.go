package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"dialogs/dialog"
	"dialogs/live"
)

const (
	// heldMost is how many dialogs of a webhook may each wait for their next attempt. When
	// there are more, the whole webhook waits.
	heldMost = 500
	// downAfter is how many dialogs in a row must fail before the receiver counts as down.
	// After that, only one delivery at a time is tried.
	downAfter = 5
	// probeFirst and probeSlowest are the shortest and the longest wait before a receiver
	// that is down is tried again. The wait doubles each time.
	probeFirst   = 5 * time.Second
	probeSlowest = 5 * time.Minute
	// lookEvery is how often the store is read without being woken, sweepEvery how often
	// also changes that became visible late are read, and saveEvery how often the progress
	// is stored.
	lookEvery  = time.Second
	sweepEvery = 5 * time.Second
	saveEvery  = 200 * time.Millisecond
	saveLatest = 30 * time.Second
	// drainFor is how long deliveries in progress may take after the worker was stopped.
	drainFor = 5 * time.Second
)

// A worker delivers to one webhook. All its state belongs to one goroutine.
type worker struct {
	store  dialog.Store
	sealer *Sealer
	client *client
	now    func() time.Time
	log    *slog.Logger
	kept   time.Duration
	holder string
	// attempted is called with the result of each attempt; optional.
	attempted func(outcome string)
	// waiting is since when the oldest change has been waiting, in milliseconds since
	// 1970; 0 if none is.
	waiting  atomic.Int64
	webhook  dialog.Webhook
	keys     [][]byte
	progress dialog.WebhookProgress
	// disable disables the webhook.
	disable func(ctx context.Context, failed dialog.Webhook, reason string) error

	woken   chan struct{}
	changed chan dialog.Webhook
	results chan result

	reader  *live.Reader
	window  *window
	held    map[dialog.ID]*dialog.HeldDialog
	posting context.Context // of deliveries, which outlive the call that starts them
	running int
	limit   int // how many deliveries may run at the same time
	// failing are the dialogs that failed in a row. probe is how long the last wait was
	// since the receiver is down. Nothing is sent before resume, nor before paused, which
	// the receiver has asked for.
	failing        map[dialog.ID]bool
	probe          time.Duration
	resume, paused time.Time
	// refused are held dialogs that were tried again as soon as another delivery had
	// succeeded. If they fail again, the receiver does not count as down because of that.
	refused map[dialog.ID]bool
	// slowed counts how often deliveries were slowed down. A failure of a delivery that
	// was sent before the latest time does not slow them down once more.
	slowed int
	// next are changed settings that are not in use yet.
	next *dialog.Webhook
	// saved is the progress that was stored last, and savedAt when.
	saved   dialog.WebhookProgress
	savedAt time.Time
	over    bool // the webhook was disabled, or another instance delivers
}

// A result is the result of an attempt. Without a job, the attempt was to report a gap in
// the changes of all dialogs.
type result struct {
	job     *job
	version int64 // of the dialog; 0 for a gap
	missed  int64
	slowed  int // that of the worker, when it was sent
	to      string
	outcome
}

// run delivers until ctx ends, the webhook is disabled, or another instance takes over.
func (w *worker) run(ctx context.Context) {
	posting, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	w.posting = posting
	if w.begin(ctx) {
		w.deliver(ctx)
	}
	drain := time.NewTimer(drainFor)
	defer drain.Stop()
	for w.running > 0 {
		select {
		case r := <-w.results:
			w.settle(posting, r)
		case <-drain.C:
			cut()
		}
	}
	w.save(context.WithoutCancel(ctx))
}

// begin decrypts the secrets and loads the progress.
func (w *worker) begin(ctx context.Context) bool {
	w.window, w.limit = newWindow(live.Place{}), connectionsPerHost
	w.held, w.failing, w.saved = map[dialog.ID]*dialog.HeldDialog{}, map[dialog.ID]bool{}, w.progress
	w.refused = map[dialog.ID]bool{}
	for _, h := range w.progress.Held {
		w.held[h.ID] = &h
		if !w.progress.FailingSince.IsZero() { // nothing has succeeded since then
			w.failing[h.ID] = true
		}
	}
	return w.use(w.webhook) && w.start(ctx)
}

// use applies changed settings, and reports whether the secrets can be decrypted.
func (w *worker) use(h dialog.Webhook) bool {
	keys, err := w.sealer.keys(&h, w.now())
	w.webhook, w.keys = h, keys
	return err == nil // else the sender says so when it starts the next worker
}

// start sets the position of the reader: where the stored progress ends; for a replay, at
// its instant; or the current position, if changes were missed.
func (w *worker) start(ctx context.Context) bool {
	w.reader = live.NewReader(w.store, w.kept, w.now)
	place := live.Place{Mark: w.progress.Mark, At: w.progress.At, Versions: map[dialog.ID]int64{}}
	for _, s := range w.progress.Sent {
		place.Versions[s.ID] = s.Version
	}
	if w.webhook.Replays > w.progress.Replays {
		if err := w.rewind(ctx, &place); err != nil {
			w.away(ctx, err)
			return false
		}
		w.progress.Replays = w.webhook.Replays
	}
	if place.Mark == "" || !w.progress.At.IsZero() && w.now().Sub(place.At) > w.kept {
		return w.skip(ctx)
	}
	w.reader.Continue(place)
	w.window = newWindow(place)
	return true
}

// rewind moves a place back, so that every change after the instant of the replay is sent
// again.
func (w *worker) rewind(ctx context.Context, place *live.Place) error {
	since := w.webhook.ReplaySince
	place.Versions = nil
	if place.Mark == "" || since.Before(place.At) {
		page, err := w.store.ChangesSince(ctx, dialog.ChangesQuery{Since: since, Limit: 1, Kept: w.kept})
		if err != nil {
			return err
		}
		place.Mark, place.At = page.Next, since.Add(live.Skew)
	}
	for _, h := range w.held {
		d, err := w.store.Look(ctx, h.ID)
		if err != nil && !dialog.IsCode(err, dialog.NotFound) {
			return err
		}
		for _, r := range d.History {
			if r.At.After(since) {
				h.Next = min(h.Next, r.Version)
			}
		}
	}
	return nil
}

// skip continues at the current position. The receiver must then be told of the gap,
// unless nothing was ever delivered to it.
func (w *worker) skip(ctx context.Context) bool {
	if err := w.reader.Start(ctx); err != nil {
		w.away(ctx, err)
		return false
	}
	w.progress.GapOwed = w.progress.GapOwed || w.progress.Mark != ""
	w.window = newWindow(w.reader.Place(sentMost))
	return true
}

// deliver reads changes and delivers them until ctx ends.
func (w *worker) deliver(ctx context.Context) {
	tick, save := time.NewTicker(lookEvery), time.NewTicker(saveEvery)
	defer tick.Stop()
	defer save.Stop()
	swept := time.Time{}
	look := true
	for !w.over {
		if w.next != nil {
			w.change(ctx, *w.next)
		}
		if look && !w.progress.GapOwed {
			late := w.now().Sub(swept) >= sweepEvery || w.now().Before(swept)
			if late {
				swept = w.now()
			}
			w.look(ctx, late)
		}
		w.dispatch(ctx)
		look = false
		select {
		case <-ctx.Done():
			return
		case r := <-w.results:
			w.settle(ctx, r)
		case h := <-w.changed:
			w.next = &h
		case <-w.woken:
			look = true
		case <-tick.C:
			look = true
			w.revive(ctx)
		case <-save.C:
			w.save(ctx)
		}
	}
}

// change applies changed settings.
func (w *worker) change(ctx context.Context, h dialog.Webhook) {
	w.next = nil
	if !w.use(h) {
		w.over = true
		return
	}
	if h.Replays > w.progress.Replays && w.drain(ctx) {
		w.window.progress(&w.progress)
		w.over = !w.start(ctx)
	}
}

// drain waits for the deliveries in progress, and reports whether they ended before ctx
// did.
func (w *worker) drain(ctx context.Context) bool {
	for w.running > 0 {
		select {
		case <-ctx.Done():
			return false
		case r := <-w.results:
			w.settle(ctx, r)
		}
	}
	return true
}

// look reads new changes. While the window is full, it waits for deliveries to end.
func (w *worker) look(ctx context.Context, late bool) {
	err := w.reader.Read(ctx, late, func(n *live.News) error { return w.add(ctx, n) })
	switch {
	case err == nil && late:
		w.window.read(w.reader.Place(0))
	case dialog.IsCode(err, dialog.ResyncRequired):
		if w.drain(ctx) {
			w.skip(ctx)
		}
	case errors.Is(err, errBusy):
	case err != nil:
		w.away(ctx, err)
	}
}

func (w *worker) add(ctx context.Context, n *live.News) error {
	if n.Fresh == 0 && !n.Lost {
		return nil
	}
	id := n.Dialog.ID
	for !w.window.hasRoom(id) && w.held[id] == nil {
		w.dispatch(ctx)
		if err := w.step(ctx); err != nil {
			return err
		}
	}
	// A held dialog is read again when its time comes.
	if w.held[id] == nil || w.window.jobs[id] != nil {
		w.window.add(n)
		w.dispatch(ctx)
	}
	return nil
}

// step waits until there may be something to do.
func (w *worker) step(ctx context.Context) error {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r := <-w.results:
		w.settle(ctx, r)
	case h := <-w.changed:
		w.next = &h
		return errBusy
	case <-timer.C:
		w.revive(ctx)
		w.save(ctx)
	}
	if w.over {
		return errBusy
	}
	return nil
}

// errBusy interrupts a reading because something more urgent has to be done. Nothing is
// lost: the next reading continues after the last dialog that was added.
var errBusy = errors.New("interrupted")

// dispatch starts as many deliveries as may run.
func (w *worker) dispatch(ctx context.Context) {
	most := w.limit
	if w.down() {
		most = 1
	}
	for w.running < most && !w.over && !w.now().Before(later(w.resume, w.paused)) {
		if w.progress.GapOwed {
			m, err := gapMessage(w.webhook.ID, w.window.done.Mark, w.window.done.At)
			w.send(ctx, result{}, m, err)
			return
		}
		j := w.window.take()
		if j == nil {
			return
		}
		w.deliverNext(ctx, j)
	}
}

// down reports whether the receiver seems to be down.
func (w *worker) down() bool { return len(w.failing) >= downAfter || w.progress.GapOwed }

// deliverNext sends the next message about a dialog, or ends its job if there is none.
func (w *worker) deliverNext(ctx context.Context, j *job) {
	d := j.dialog
	if d != nil && len(d.History) > 0 && j.next < d.History[0].Version {
		j.missed = max(j.missed, d.History[0].Version-1)
	}
	if j.missed >= j.next {
		m, err := dialogGapMessage(j.id, j.missed, w.now())
		w.send(ctx, result{job: j, missed: j.missed}, m, err)
		return
	}
	for ; j.next <= j.last; j.next++ {
		r := &d.History[j.next-d.History[0].Version]
		if w.webhook.Filter.Accepts(d, r) {
			m, err := changeMessage(d, r, w.webhook.WithDialog)
			w.send(ctx, result{job: j, version: j.next}, m, err)
			return
		}
		w.window.delivered(j, j.next)
	}
	w.end(j)
}

// end removes a job whose changes were all delivered.
func (w *worker) end(j *job) {
	delete(w.held, j.id)
	delete(w.refused, j.id)
	w.window.remove(j)
}

// send makes one attempt, in a goroutine.
func (w *worker) send(ctx context.Context, r result, m *message, err error) {
	if err != nil {
		w.log.ErrorContext(ctx, "encoding a change failed", "webhook", w.webhook.ID, "error", err)
		w.over = true
		return
	}
	w.running++
	r.slowed, r.to = w.slowed, w.webhook.URL
	keys := w.keys
	go func() {
		r.outcome = w.client.post(w.posting, r.to, m, keys, w.now)
		w.results <- r
	}()
}

// settle handles the result of an attempt.
func (w *worker) settle(ctx context.Context, r result) {
	w.running--
	if w.attempted != nil {
		w.attempted(r.name())
	}
	if r.failure == "" {
		w.succeed(r)
		return
	}
	if w.posting.Err() != nil { // cut off by the worker itself
		if r.job != nil {
			w.window.put(r.job)
		}
		return
	}
	w.fail(r.failure)
	if r.job != nil && !w.refused[r.job.id] {
		w.failing[r.job.id] = true
	}
	w.slowDown(r)
	if r.job != nil {
		w.postpone(r.job, r.missed)
	}
	if w.over || r.to != w.webhook.URL {
		return
	}
	switch failing := w.now().Sub(w.failingSince()); {
	case r.gone:
		w.giveUp(ctx, r.failure)
	case failing >= disableAfter:
		w.giveUp(ctx, fmt.Sprintf("failed for %s: %s", failing.Truncate(time.Hour), r.failure))
	}
}

// slowDown makes the worker wait or send less after a failure.
func (w *worker) slowDown(r result) {
	if r.slow {
		w.paused = later(w.paused, w.now().Add(max(r.pause, time.Second)))
	}
	// Deliveries that were already running when the receiver was last slowed down do not
	// count as further failures.
	if r.slowed != w.slowed {
		return
	}
	if r.slow {
		w.limit = max(1, w.limit/2)
	}
	if w.down() {
		w.probe = min(max(2*w.probe, probeFirst), probeSlowest)
		w.resume = later(w.resume, w.now().Add(w.probe))
	}
	if r.slow || w.down() {
		w.slowed++
	}
}

// hurry immediately tries again what failed while the receiver was down: once for each
// dialog, because the receiver may refuse some dialogs although it is up.
func (w *worker) hurry() {
	for id := range w.failing {
		if h := w.held[id]; h != nil {
			h.At = w.now().UTC().Truncate(time.Millisecond)
			w.refused[id] = true
		}
	}
}

func (w *worker) succeed(r result) {
	if w.down() {
		w.hurry()
	}
	clear(w.failing)
	w.probe, w.resume = 0, time.Time{}
	w.limit = min(connectionsPerHost, w.limit+1)
	w.progress.LastError, w.progress.FailingSince = "", time.Time{}
	j := r.job
	switch {
	case j == nil:
		w.progress.GapOwed = false
		return
	case r.missed > 0:
		j.next, j.missed = r.missed+1, 0
	default:
		j.next = r.version + 1
	}
	j.attempts = 0
	delete(w.refused, j.id)
	w.window.delivered(j, j.next-1)
	if h := w.held[j.id]; h != nil {
		h.Next, h.Missed, h.Attempts = j.next, 0, 0
	}
	if j.next > j.last {
		w.end(j)
		return
	}
	w.window.ready = append(w.window.ready, j)
}

// postpone makes a dialog wait for its next attempt. If too many dialogs are waiting, it
// stays in the window, so that the window has no room for more.
func (w *worker) postpone(j *job, missed int64) {
	j.attempts = min(j.attempts+1, len(schedule))
	if j.attempts == len(schedule) && missed == 0 {
		j.missed, j.attempts = j.next, 0 // gave up: the receiver must be told of the gap
	}
	if w.held[j.id] == nil && len(w.held) >= heldMost {
		w.window.ready = append(w.window.ready, j)
		w.resume = later(w.resume, w.now().Add(wait(1)))
		return
	}
	w.held[j.id] = &dialog.HeldDialog{
		ID: j.id, Next: j.next, Attempts: j.attempts, Missed: j.missed,
		At: w.now().Add(wait(j.attempts)).UTC().Truncate(time.Millisecond),
	}
	w.window.remove(j)
}

// revive adds the held dialogs whose time has come to the window.
func (w *worker) revive(ctx context.Context) {
	if w.progress.GapOwed || w.now().Before(later(w.resume, w.paused)) {
		return
	}
	for _, h := range w.held {
		if w.window.jobs[h.ID] != nil || !w.due(h) || !w.window.hasRoom(h.ID) {
			continue
		}
		j := &job{id: h.ID, next: h.Next, missed: h.Missed, attempts: h.Attempts, since: w.window.reading}
		d, err := w.store.Look(ctx, h.ID)
		switch {
		case err == nil:
			j.hold(&d)
		case dialog.IsCode(err, dialog.NotFound):
			j.last = h.Next
			j.missed = max(j.missed, h.Next)
		default:
			w.away(ctx, err)
			return
		}
		w.window.put(j)
	}
}

// due reports whether it is time for the next attempt. A time that is further away than
// the longest wait was computed before the clock was set back.
func (w *worker) due(h *dialog.HeldDialog) bool {
	left := h.At.Sub(w.now())
	return left <= 0 || left > longest(h.Attempts)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fail stores a failure of the receiver.
func (w *worker) fail(why string) {
	w.progress.LastError = reason(why)
	if w.progress.FailingSince.IsZero() {
		w.progress.FailingSince = w.now().UTC().Truncate(time.Millisecond)
	}
}

// failingSince returns the time since when nothing has succeeded, not counting the time
// before the webhook was resumed.
func (w *worker) failingSince() time.Time {
	return later(w.progress.FailingSince, w.webhook.ResumedAt)
}

func (w *worker) giveUp(ctx context.Context, why string) {
	w.over = true
	w.log.WarnContext(ctx, "webhook disabled", "webhook", w.webhook.ID, "reason", why)
	if err := w.disable(ctx, w.webhook, why); err != nil {
		w.away(ctx, err)
	}
}

// away logs that the store can't be read or written.
func (w *worker) away(ctx context.Context, err error) {
	if ctx.Err() == nil {
		w.log.Log(ctx, levelOf(err), "webhook deliveries interrupted, will retry", "webhook", w.webhook.ID, "error", err)
	}
}

// save stores the progress.
func (w *worker) save(ctx context.Context) {
	if w.window.done.Mark == "" {
		return
	}
	p := w.progress
	w.window.progress(&p)
	p.Held = nil
	for _, h := range w.held {
		p.Held = append(p.Held, *h)
	}
	slices.SortFunc(p.Held, func(a, b dialog.HeldDialog) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	w.progress = p
	w.noteWaiting()
	if w.stored(&p) {
		return
	}
	saved, err := w.store.SaveWebhookProgress(ctx, w.webhook.ID, w.holder, p)
	if err != nil {
		w.away(ctx, err)
	} else if !saved {
		w.over = true // another instance delivers now
	} else {
		w.saved, w.savedAt = p, w.now()
	}
}

// noteWaiting stores since when a change has been waiting. Everything before window.done
// was delivered, or is held because it failed.
func (w *worker) noteWaiting() {
	since := int64(0)
	switch {
	case (len(w.held) > 0 || w.progress.GapOwed) && !w.progress.FailingSince.IsZero():
		since = w.progress.FailingSince.UnixMilli()
	case len(w.window.jobs) > 0:
		since = w.window.done.At.UnixMilli()
	}
	w.waiting.Store(since)
}

// stored reports whether the progress does not have to be stored: nothing was delivered
// and nothing failed, and the position was stored recently.
func (w *worker) stored(p *dialog.WebhookProgress) bool {
	same := *p
	same.Mark, same.At = w.saved.Mark, w.saved.At
	return reflect.DeepEqual(same, w.saved) && w.now().Sub(w.savedAt) < saveLatest
}
