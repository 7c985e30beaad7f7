package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

var olderBinary = flag.String("older", "", "replace instances of this binary of an earlier version by this version, and these by the earlier one again")

// TestRollingRestart replaces both instances of a server under load, one after the other:
// no request fails, and nobody misses a change. make test-upgrade runs it with the program
// of an earlier version beside this one, forward and back.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	now := release{servertest.Binary(t), ""}
	now.help = now.run(t, "serve", "--help")
	before, steps := now, []release{now, now}
	if *olderBinary != "" {
		before = release{*olderBinary, ""}
		before.help = before.run(t, "serve", "--help")
		steps = append(steps, before, before)
	}
	live := before.has("--max-subscriptions-per-caller")
	if !live { // subscribers need an instance of this version
		steps[len(steps)-1] = now
	}
	r := rolling{balancer: newBalancer(t), store: mongotest.URI(t), secret: rand.Text() + rand.Text(), resyncs: !live, stop: make(chan struct{}), written: make(chan struct{})}
	running := []*servertest.Process{r.spawn(before), r.spawn(before)}
	environ := []string{"DIALOGS_SECRET=" + r.secret, "DIALOGS_STORE=" + r.store}
	r.token = servertest.WithToken(before.run(t, append([]string{"token", "alice"}, environ...)...))
	r.key = before.run(t, append([]string{"apikey", "create", "backend"}, environ...)...)
	r.begin()
	times := int64(dialogtest.Times(10, 50))
	for i, next := range steps {
		if i > 0 || live {
			r.await(times) // both versions work beside each other
		}
		running = append(running, r.spawn(next))
		r.end(running[0])
		running = running[1:]
	}
	r.await(times)
	r.finish()
	for _, p := range running {
		p.Signal(syscall.SIGTERM)
	}
}

// A release is a program, and what it says about its settings.
type release struct{ binary, help string }

func (r release) has(setting string) bool { return strings.Contains(r.help, setting+" ") }

// run runs a command; arguments that look like variables are its environment.
func (r release) run(t *testing.T, args ...string) string {
	t.Helper()
	var environ []string
	args = slices.DeleteFunc(args, func(arg string) bool {
		variable := strings.HasPrefix(arg, "DIALOGS_")
		if variable {
			environ = append(environ, arg)
		}
		return variable
	})
	out, err := servertest.Program(t, r.binary, environ, args...).Output()
	if err != nil {
		t.Fatalf("%s %q: %v", r.binary, args, err)
	}
	return strings.TrimSpace(string(out))
}

// A rolling is a load on instances that are replaced.
type rolling struct {
	*balancer
	store, secret string
	drains        sync.Map // the instances that leave the balancer by themselves
	resyncs       bool     // the versions do not know the other's cursors

	token servertest.Header
	key   string
	hook  *hook

	ids  [3]string
	made [3]atomic.Int64 // the version that was acknowledged last
	seen [3]atomic.Int64 // the version that a subscriber saw last

	stop, written    chan struct{}
	writers, readers sync.WaitGroup
}

func (r *rolling) spawn(program release) *servertest.Process {
	var args []string
	for _, setting := range [][2]string{{"--secret", r.secret}, {"--rate-limit", "0"}, {"--drain-delay", "3s"}, {"--webhook-allow", "127.0.0.1"}} {
		if program.has(setting[0]) {
			args = append(args, setting[:]...)
		}
	}
	p := servertest.SpawnProgram(r, program.binary, r.store, args...)
	r.add(p)
	r.drains.Store(p, program.has("--drain-delay"))
	return p
}

// end stops an instance. Without --drain-delay, operators tell the load balancer first.
func (r *rolling) end(p *servertest.Process) {
	if drains, _ := r.drains.Load(p); drains != true {
		r.remove(p)
	}
	p.Signal(syscall.SIGTERM)
	if state := p.AwaitEnd(); state.ExitCode() != 0 {
		r.Errorf("an instance ended with %d: %s", state.ExitCode(), p.Stderr)
	}
}

// begin starts writers, subscribers, a client that polls and a webhook.
func (r *rolling) begin() {
	r.hook = newHook(r)
	if out := servertest.Run(r, []string{"DIALOGS_SECRET=" + r.secret}, "webhook", "add", r.hook.URL, "--webhook-allow", "127.0.0.1", "--store", r.store); out.Code != 0 {
		r.Fatal(out.Stderr)
	}
	for i := range r.ids {
		var created struct{ Dialog struct{ ID string } }
		servertest.Decode(r, r.must(r.token, `mutation { createDialog(input: {type: GROUP, name: "1"}) { dialog { id } } }`).Data["createDialog"], &created)
		r.ids[i] = created.Dialog.ID
		r.made[i].Store(1)
		r.seen[i].Store(1)
	}
	for i := range r.ids {
		r.writers.Go(func() { r.write(i) })
		r.readers.Go(func() {
			f := reconnecting{id: r.ids[i], token: r.token[1], seen: 1, told: &r.seen[i]}
			for !f.follow(r, r.balancer, r.written, func() bool { return r.over() && f.seen >= r.made[i].Load() }) {
			}
		})
	}
	r.readers.Go(r.poll)
}

func (r *rolling) over() bool {
	select {
	case <-r.written:
		return true
	default:
		return false
	}
}

// write changes a dialog until it is told to stop.
func (r *rolling) write(i int) {
	for n := int64(2); ; n++ {
		for r.made[i].Load()-min(r.seen[i].Load(), r.hooked(i)) > 20 { // the server keeps 50 changes for whoever reconnects
			select {
			case <-r.stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
		select {
		case <-r.stop:
			return
		default:
		}
		if err := r.change(i, n); err != nil {
			r.Errorf("version %d: %v", n, err)
			return
		}
		r.made[i].Store(n)
	}
}

// hooked is the last version up to which the webhook told everything.
func (r *rolling) hooked(i int) int64 {
	for v := r.made[i].Load(); v > 0; v-- {
		if r.hook.has(fmt.Sprintf("%s_%d", r.ids[i], v)) {
			return v
		}
	}
	return 0
}

// change makes a version of a dialog, in one of the APIs, repeats some changes, and reads
// it, all of them on the next instance.
func (r *rolling) change(i int, n int64) error {
	name := fmt.Sprint(n)
	if n%5 == 0 {
		p, done := r.pick()
		defer done()
		answer, err := p.TryDo(http.MethodPut, "/chat/Dialog/"+r.ids[i]+".json", append(servertest.OnBehalf(r.key, "alice"), "Content-Type", "application/json"), []byte(`{"name":"`+name+`"}`))
		if err == nil && answer.Status != http.StatusOK {
			err = fmt.Errorf("QuickBlox: status %d: %s", answer.Status, answer.Body)
		}
		return err
	}
	type update struct {
		Replayed bool
		Change   struct{ Version int64 }
	}
	query := fmt.Sprintf(`mutation { updateDialog(id: %q, input: {name: %q, idempotencyKey: "key %s"}) { replayed change { version } } }`, r.ids[i], name, name)
	want := update{}
	want.Change.Version = n
	for range 1 + n%2 {
		var got struct{ UpdateDialog update }
		err := r.ask(r.token, query, &got)
		if err != nil {
			return err
		}
		if got.UpdateDialog != want {
			return fmt.Errorf("changing: got %+v, want %+v", got.UpdateDialog, want)
		}
		want.Replayed = true
	}
	var got struct {
		Dialog struct {
			Version int64
			Name    string
		}
	}
	err := r.ask(servertest.OnBehalf(r.key, "alice"), fmt.Sprintf(`{ dialog(id: %q) { version name } }`, r.ids[i]), &got)
	if err == nil && (got.Dialog.Version != n || got.Dialog.Name != name) {
		err = fmt.Errorf("reading: got %+v", got.Dialog)
	}
	return err
}

// ask sends an operation to the next instance and decodes its data.
func (r *rolling) ask(h servertest.Header, query string, data any) error {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return err
	}
	reply, err := r.try(h, body)
	if err != nil {
		return err
	}
	if reply.Status != http.StatusOK || len(reply.Errors) > 0 {
		return fmt.Errorf("status %d: %s", reply.Status, reply.Body)
	}
	return json.Unmarshal(reply.Body, &struct{ Data any }{data})
}

// A version is a dialog that a client which polls was told of.
type version struct {
	ID      string
	Version int64
}

// poll asks for changes, each time another instance, until it has all.
func (r *rolling) poll() {
	cursor, versions := "", map[string]int64{}
	var deadline time.Time
	for {
		changed, next, err := r.changes(cursor)
		if err != nil {
			r.Errorf("polling: %v", err)
			return
		}
		cursor = next
		for _, d := range changed {
			versions[d.ID] = d.Version
		}
		switch {
		case !r.over():
		case r.all(func(i int) bool { return versions[r.ids[i]] == r.made[i].Load() }):
			return
		case deadline.IsZero():
			deadline = time.Now().Add(servertest.Patience)
		case time.Now().After(deadline):
			r.Errorf("a client that polls knows only %v", versions)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// changes reads what changed after a cursor. Without one, or when it must, it reads
// everything.
func (r *rolling) changes(cursor string) ([]version, string, error) {
	var page struct {
		DialogChanges struct {
			Changed []version
			Cursor  string
		}
	}
	if cursor != "" {
		err := r.ask(r.token, fmt.Sprintf(`{ dialogChanges(after: %q) { changed { id version } cursor } }`, cursor), &page)
		if err == nil || !r.resyncs || !strings.Contains(err.Error(), "RESYNC_REQUIRED") && !strings.Contains(err.Error(), "invalid cursor") {
			return page.DialogChanges.Changed, page.DialogChanges.Cursor, err
		}
	}
	if err := r.ask(r.token, `{ dialogChanges { cursor } }`, &page); err != nil {
		return nil, "", err
	}
	var list struct{ Dialogs struct{ Nodes []version } }
	err := r.ask(r.token, `{ dialogs { nodes { id version } } }`, &list)
	return list.Dialogs.Nodes, page.DialogChanges.Cursor, err
}

func (r *rolling) all(holds func(i int) bool) bool {
	return !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return !holds(i) })
}

// least is the lowest version of a dialog that was acknowledged.
func (r *rolling) least() int64 {
	least := int64(math.MaxInt64)
	for i := range r.made {
		least = min(least, r.made[i].Load())
	}
	return least
}

// await waits until each dialog has changed so many times more.
func (r *rolling) await(times int64) {
	r.Helper()
	for want, deadline := r.least()+times, time.Now().Add(2*servertest.Patience); r.least() < want; time.Sleep(5 * time.Millisecond) {
		if r.Failed() {
			r.FailNow()
		}
		if time.Now().After(deadline) {
			r.Fatalf("the load came to %d, want %d; subscribers saw %d, %d and %d", r.least(), want, r.seen[0].Load(), r.seen[1].Load(), r.seen[2].Load())
		}
	}
}

// finish ends the load: everyone has to know the last change.
func (r *rolling) finish() {
	close(r.stop)
	r.writers.Wait()
	for i := range r.ids { // a last change, so that whoever waits for one looks again
		r.must(r.token, `mutation { updateDialog(id: "`+r.ids[i]+`", input: {name: "last"}) { replayed } }`)
		r.made[i].Add(1)
	}
	close(r.written)
	r.readers.Wait()
	for i, id := range r.ids {
		for v := range r.made[i].Load() {
			r.hook.await(r, fmt.Sprintf("%s_%d", id, v+1))
		}
	}
}
