package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
	"dialogs/webhook"
)

// server is the caller that manages webhooks.
var server = dialog.Caller{APIKey: "backend"}

// patience is how long tests wait for what must happen.
const patience = 30 * time.Second

// A bench is a store, its service, a sender, and a clock that can be moved forward.
type bench struct {
	*testing.T
	db      *memory.Database
	store   dialog.Store
	service *dialog.Service
	admin   *webhook.Admin

	mu     sync.Mutex
	ahead  time.Duration
	sender *webhook.Sender
	stop   func()
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, db: memory.NewDatabase()}
	b.store = live.Announce(b.db.Open(), b.wake)
	b.service = dialog.NewService(b.store, dialog.DefaultPolicy(dialog.DefaultLimits()), b.now, rand.Reader)
	targets, err := webhook.ParseTargets([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	b.admin = &webhook.Admin{Store: b.store, Sealer: newSealer(t, firstSecret), Targets: targets, Now: b.now}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

// These are secrets of the server.
const firstSecret, secondSecret = "the first secret of the server, long enough", "the second secret of the server, long enough"

func newSealer(t *testing.T, secrets ...string) *webhook.Sealer {
	t.Helper()
	var own [][]byte
	for _, s := range secrets {
		own = append(own, []byte(s))
	}
	sealer, err := webhook.NewSealer(own, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// restart starts another instance, with these secrets of the server.
func (b *bench) restart(secrets ...string) {
	b.Helper()
	b.stop()
	b.admin.Sealer = newSealer(b.T, secrets...)
	b.start()
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.ahead)
}

func (b *bench) move(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ahead += d
}

func (b *bench) wake() {
	b.mu.Lock()
	sender := b.sender
	b.mu.Unlock()
	if sender != nil {
		sender.Wake()
	}
}

// start starts an instance; stop ends it.
func (b *bench) start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	sender := webhook.NewSender(b.admin, webhook.Options{Holder: rand.Text(), Kept: dialog.DefaultSyncKept, Log: slog.New(slog.DiscardHandler)})
	b.sender = sender
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { sender.Run(ctx) })
	b.stop = func() {
		cancel()
		running.Wait()
	}
}

func (b *bench) group(name string) dialog.ID {
	b.Helper()
	out, err := b.service.Create(b.Context(), dialog.Caller{User: "alice"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some(name)})
	if err != nil {
		b.Fatal(err)
	}
	return out.Dialog.ID
}

func (b *bench) rename(id dialog.ID, name string) {
	b.Helper()
	if _, err := b.service.Update(b.Context(), dialog.Caller{User: "alice"}, string(id), dialog.Change{Name: dialog.Some(name)}); err != nil {
		b.Fatal(err)
	}
}

// A delivery is what a receiver has got, with a valid signature.
type delivery struct {
	id, kind string
	data     map[string]any
}

// A receiver keeps its deliveries.
type receiver struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	got     []delivery
	secrets []string
	answer  func(d delivery) (status int, retryAfter string)
	slow    func() // called before it answers
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sender has given up
	}
	r.mu.Lock()
	if slow := r.slow; slow != nil {
		r.mu.Unlock()
		slow()
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	id := q.Header.Get("webhook-id")
	for _, secret := range r.secrets {
		if !signed(q.Header, body, secret) {
			r.t.Errorf("%s has no signature by %s", id, secret)
		}
	}
	var e struct {
		Type string
		Data map[string]any
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Error(err)
	}
	d := delivery{id, e.Type, e.Data}
	status := http.StatusNoContent
	if r.answer != nil {
		var after string
		if status, after = r.answer(d); after != "" {
			w.Header().Set("Retry-After", after)
		}
	}
	w.WriteHeader(status)
	if status < 300 {
		r.got = append(r.got, d)
	}
}

// signed checks a signature as receivers do.
func signed(h http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Fields(h.Get("webhook-signature")), want)
}

func (r *receiver) with(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// ids returns the ids of the deliveries.
func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, d := range r.got {
		ids = append(ids, d.id)
	}
	return ids
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

func (r *receiver) await(ids ...string) {
	r.t.Helper()
	await(r.t, fmt.Sprintf("the deliveries %v", ids), func() bool {
		got := r.ids()
		return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(got, id) })
	})
}

func (b *bench) add(r *receiver, change func(*webhook.Spec)) webhook.Listed {
	b.Helper()
	spec := webhook.Spec{URL: dialog.Some(r.URL)}
	if change != nil {
		change(&spec)
	}
	h, secret, err := b.admin.Create(b.Context(), server, spec)
	if err != nil {
		b.Fatal(err)
	}
	r.with(func() { r.secrets = []string{secret} })
	return h
}

func (b *bench) find(id dialog.ID) webhook.Listed {
	b.Helper()
	h, err := b.admin.Find(context.Background(), server, string(id))
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func version(id dialog.ID, n int) string { return fmt.Sprintf("%s_%d", id, n) }

// TestDeliveries: every change after the webhook was added is delivered once, and in order
// within each dialog.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	before := b.group("before")
	b.add(r, nil)
	id := b.group("Lunch")
	b.rename(id, "Dinner")
	b.rename(before, "later")
	if _, err := b.service.Update(t.Context(), dialog.Caller{User: "alice"}, string(id), dialog.Change{Delete: true}); err != nil {
		t.Fatal(err)
	}
	r.await(version(id, 1), version(id, 2), version(id, 3), version(before, 2))
	b.move(10 * time.Second) // so that changes that became visible late are read
	b.wake()
	time.Sleep(1500 * time.Millisecond)
	got := r.ids()
	if len(got) != 4 {
		t.Errorf("got %v, want each once", got)
	}
	ofOne := slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, string(id)) })
	if !slices.IsSorted(ofOne) {
		t.Errorf("out of order: %v", ofOne)
	}
	r.with(func() {
		kinds := map[string]string{version(id, 1): "dialog.created", version(id, 2): "dialog.updated", version(id, 3): "dialog.deleted", version(before, 2): "dialog.updated"}
		for _, d := range r.got {
			if d.kind != kinds[d.id] {
				t.Errorf("%s is %s, want %s", d.id, d.kind, kinds[d.id])
			}
		}
	})
}

// TestFilter: only changes that match the filter are delivered.
func TestFilter(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.add(r, func(s *webhook.Spec) {
		s.Kinds = dialog.Some([]dialog.RecordKind{dialog.Updated, dialog.Deleted})
		s.Aspects = dialog.Some([]dialog.Aspect{dialog.AspectPhoto})
		s.WithDialog = dialog.Some(true)
	})
	id := b.group("Lunch")
	b.rename(id, "Dinner")
	if _, err := b.service.Update(t.Context(), dialog.Caller{User: "alice"}, string(id), dialog.Change{Photo: dialog.Some("p")}); err != nil {
		t.Fatal(err)
	}
	r.await(version(id, 3))
	if got := r.ids(); len(got) != 1 {
		t.Errorf("got %v, want the change of the photo alone", got)
	}
	r.with(func() {
		if d, _ := r.got[0].data["dialog"].(map[string]any); d["photo"] != "p" || d["name"] != "Dinner" {
			t.Errorf("the dialog is %v", d)
		}
	})
}

// TestRefusedDialog: a change that is always refused only blocks its own dialog, until the
// sender gives up and reports a gap.
func TestRefusedDialog(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	bad := b.group("bad")
	r.with(func() {
		r.answer = func(d delivery) (int, string) {
			if d.data["dialogId"] == string(bad) && d.kind != "gap" {
				return http.StatusBadRequest, ""
			}
			return http.StatusOK, ""
		}
	})
	b.rename(bad, "bad 2")
	await(t, "the failure is shown", func() bool { return b.find(h.ID).LastError == "400 Bad Request" })
	for i := range 3 {
		good := b.group("good")
		b.rename(good, fmt.Sprint(i))
		r.await(version(good, 1), version(good, 2))
	}
	if l := b.find(h.ID); l.Status != dialog.WebhookActive {
		t.Errorf("the webhook is %v", l.Status)
	}
	await(t, "the gap", func() bool {
		b.move(13 * time.Hour)
		b.rename(b.group("good"), "again") // so that the receiver does not count as failing for days
		time.Sleep(50 * time.Millisecond)
		return slices.Contains(r.ids(), version(bad, 1)+"_gap")
	})
	r.with(func() { r.answer = nil })
	b.rename(bad, "bad 3")
	await(t, "the next change", func() bool {
		b.move(time.Hour)
		time.Sleep(50 * time.Millisecond)
		return slices.Contains(r.ids(), version(bad, 3))
	})
}

// TestDown: a receiver that was down gets every change, in order.
func TestDown(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	r.with(func() { r.answer = func(delivery) (int, string) { return http.StatusServiceUnavailable, "" } })
	var want []string
	for i := range 300 { // more than fit into a window
		id := b.group(fmt.Sprint(i))
		b.rename(id, "other")
		want = append(want, version(id, 1), version(id, 2))
	}
	await(t, "the failure is shown", func() bool { return !b.find(h.ID).FailingSince.IsZero() })
	r.with(func() { r.answer = nil })
	await(t, "everything", func() bool {
		b.move(time.Minute)
		time.Sleep(50 * time.Millisecond)
		return len(r.ids()) >= len(want)
	})
	r.await(want...)
	got := r.ids()
	for i := 0; i < len(want); i += 2 {
		if slices.Index(got, want[i]) > slices.Index(got, want[i+1]) {
			t.Errorf("%s came after %s", want[i], want[i+1])
		}
	}
	await(t, "no failure is shown", func() bool { return b.find(h.ID).LastError == "" })
}

// TestDownAtOnce: many deliveries that fail at the same time do not make the sender wait
// longer than a single one.
func TestDownAtOnce(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.add(r, nil)
	const atOnce = 32 // as many deliveries as run to one receiver
	waiting, failing := make(chan struct{}, atOnce), make(chan struct{})
	asked, failed := make(chan struct{}, 1), 0
	r.with(func() {
		r.slow = func() {
			waiting <- struct{}{}
			<-failing
		}
		r.answer = func(delivery) (int, string) {
			if failed++; failed <= atOnce {
				return http.StatusServiceUnavailable, ""
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			return http.StatusNoContent, ""
		}
	})
	var want []string
	for i := range atOnce {
		want = append(want, version(b.group(fmt.Sprint(i)), 1))
	}
	for range atOnce {
		<-waiting
	}
	r.with(func() { r.slow = nil })
	close(failing)
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("the receiver was not tried again") // after five seconds, not after minutes
	}
	r.await(want...)
}

// TestRestart: what changes while no instance runs is delivered by the next.
func TestRestart(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.add(r, nil)
	id := b.group("Lunch")
	r.await(version(id, 1))
	b.stop()
	b.rename(id, "Dinner")
	other := b.group("other")
	b.start()
	r.await(version(id, 2), version(other, 1))
	if got := r.ids(); len(got) != 3 {
		t.Errorf("got %v, want each once", got)
	}
}

// TestAway: a receiver that was down for longer than changes are kept is told that it
// missed some.
func TestAway(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.add(r, nil)
	id := b.group("Lunch")
	r.await(version(id, 1))
	b.stop()
	b.rename(id, "Dinner")
	b.move(dialog.DefaultSyncKept + time.Hour)
	b.start()
	await(t, "the gap", func() bool { return len(r.ids()) > 1 })
	b.rename(id, "Supper")
	r.await(version(id, 3))
	r.with(func() {
		d := r.got[1]
		cursor, _ := d.data["cursor"].(string)
		if d.kind != "gap" || !strings.HasSuffix(d.id, "_gap") {
			t.Fatalf("got %v, want a gap", d)
		}
		if _, err := b.service.Changes(t.Context(), dialog.Caller{APIKey: "k"}, dialog.Some(cursor), dialog.Optional[int]{}); err != nil {
			t.Errorf("the cursor of the gap: %v", err)
		}
	})
}

// TestGone: the answer 410 disables the webhook, and it can be resumed.
func TestGone(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	r.with(func() { r.answer = func(delivery) (int, string) { return http.StatusGone, "" } })
	id := b.group("Lunch")
	await(t, "it is disabled", func() bool { return b.find(h.ID).Status == dialog.WebhookDisabled })
	if l := b.find(h.ID); l.LastError != "410 Gone" {
		t.Errorf("the reason is %q", l.LastError)
	}
	r.with(func() { r.answer = nil })
	if _, err := b.admin.Update(t.Context(), server, string(h.ID), webhook.Spec{Status: dialog.Some(dialog.WebhookActive)}); err != nil {
		t.Fatal(err)
	}
	await(t, "the change after it was resumed", func() bool {
		b.move(10 * time.Second)
		time.Sleep(50 * time.Millisecond)
		return slices.Contains(r.ids(), version(id, 1))
	})
}

// TestDisabled: a webhook whose receiver fails for 5 days is disabled.
func TestDisabled(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	r.with(func() { r.answer = func(delivery) (int, string) { return http.StatusInternalServerError, "" } })
	b.group("Lunch")
	days := 0
	await(t, "it is disabled", func() bool {
		b.move(time.Hour)
		days++
		time.Sleep(20 * time.Millisecond)
		return b.find(h.ID).Status == dialog.WebhookDisabled
	})
	if days < 5*24-1 {
		t.Errorf("disabled after %d hours, want 5 days", days)
	}
}

// TestReplay: changes since an instant are delivered again.
func TestReplay(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	old := b.group("old")
	r.await(version(old, 1))
	b.move(time.Hour)
	since := b.now()
	b.move(time.Second)
	id := b.group("Lunch")
	b.rename(id, "Dinner")
	r.await(version(id, 1), version(id, 2))
	r.with(func() { r.got = nil })
	if _, err := b.admin.Replay(t.Context(), server, string(h.ID), since); err != nil {
		t.Fatal(err)
	}
	r.await(version(id, 1), version(id, 2))
	b.rename(id, "Supper")
	r.await(version(id, 3))
	if got := r.ids(); slices.Contains(got, version(old, 1)) || len(got) != 3 {
		t.Errorf("got %v, want what happened since, and what came then", got)
	}
}

// TestRotate: the old secret still signs for a day, together with the new one.
func TestRotate(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	b.stop()
	_, secret, err := b.admin.Rotate(t.Context(), server, string(h.ID))
	if err != nil {
		t.Fatal(err)
	}
	r.with(func() { r.secrets = append(r.secrets, secret) })
	b.start()
	id := b.group("Lunch")
	r.await(version(id, 1))
	r.with(func() { r.secrets = []string{secret} })
	b.stop()
	b.move(25 * time.Hour)
	b.start()
	b.rename(id, "Dinner")
	r.await(version(id, 2))
}

// TestSlow obeys Retry-After.
func TestSlow(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.add(r, nil)
	r.with(func() { r.answer = func(delivery) (int, string) { return http.StatusTooManyRequests, "3600" } })
	id := b.group("Lunch")
	asked := 0
	r.with(func() {
		r.answer = func(delivery) (int, string) {
			asked++
			return http.StatusTooManyRequests, "3600"
		}
	})
	b.rename(id, "Dinner")
	other := b.group("other")
	b.move(30 * time.Minute)
	time.Sleep(1500 * time.Millisecond)
	r.with(func() {
		if asked > 2 {
			t.Errorf("asked %d times although the receiver wanted an hour", asked)
		}
		r.answer = nil
	})
	await(t, "the rest", func() bool {
		b.move(time.Hour)
		time.Sleep(50 * time.Millisecond)
		return slices.Contains(r.ids(), version(other, 1)) && slices.Contains(r.ids(), version(id, 2))
	})
}
