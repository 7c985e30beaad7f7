package e2e_test

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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

var (
	soakFor         = flag.Duration("soak", 0, "soak each store for this long; 0 = 90 s, in make test-long only")
	soakReport      = flag.String("soak-report", "", "write the page docs/soak.md to this file")
	soakMetrics     = flag.String("soak-metrics", "", "write what /metrics said during the soak to this file")
	soakConnections = flag.Int("soak-connections", 100, "how many connections a fault of the soak opens; needs twice as many open files")
)

// What a soak consists of, beside its faults.
const (
	soakDialogs = 16
	soakReaders = 4
	writePause  = 250 * time.Millisecond // the server keeps 50 changes of a dialog for webhooks
	readPause   = 40 * time.Millisecond
	// soakGrowth is how much the heap and the goroutines may differ between the samples.
	soakGrowth = 0.02
)

// A soak is a server under load of both APIs, subscriptions and webhooks, while faults
// happen. The load knows what each answer may be.
type soak struct {
	*testing.T
	target
	engine      string
	store, disk string // disk is empty if it cannot be filled
	gateway     *mongotest.Gateway
	args        []string
	crowd       *sync.Mutex // of the stores that are soaked at the same time
	certificate servertest.Certificate
	clock       io.Writer
	early       atomic.Bool // the clock of the server may be before the time of the tokens
	warm        bool        // what the server keeps in memory is complete

	alice, bob, token servertest.Header
	signedIn          time.Time // when the token was created
	dialogs           []*soaked
	followers         []*follower
	hook              *hook

	changes, reads atomic.Int64
	wrongs, gaps   atomic.Int64
	mu             sync.Mutex
	errors         map[string]int
	outcomes       map[string]*outcome
}

// An outcome is how often a fault happened, and how long after its end the slowest writer
// had its next change acknowledged.
type outcome struct {
	times   int
	slowest time.Duration
}

func (s *soak) wrong(format string, values ...any) {
	s.wrongs.Add(1)
	s.Errorf(format, values...)
}

func (s *soak) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors[what]++
}

// TestSoak keeps a server busy while everything around it fails. Afterwards no acknowledged
// change is lost, no answer was wrong, and the server is as small as before.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		dialogtest.Long(t)
	}
	t.Parallel()
	var finished []*soaking
	var crowd sync.Mutex
	t.Run("stores", func(t *testing.T) {
		for _, engine := range []string{"embedded", "MongoDB"} {
			r := &soaking{engine: engine, crowd: &crowd}
			finished = append(finished, r)
			t.Run(engine, func(t *testing.T) {
				t.Parallel()
				r.run(t)
			})
		}
	})
	if *soakReport != "" && !slices.ContainsFunc(finished, func(r *soaking) bool { return r.soak == nil }) {
		if err := os.WriteFile(*soakReport, []byte(soakPage(finished)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A soaking is one run on one store, for the report.
type soaking struct {
	engine        string
	crowd         *sync.Mutex
	took          time.Duration
	soak          *soak
	before, after figures
	deliveries    int
}

func (r *soaking) run(t *testing.T) {
	whole, began := soakTime(), time.Now()
	s := newSoak(t, r.engine)
	s.crowd, r.soak = r.crowd, s
	pause := s.load()
	for round := 0; (round < 1 || time.Since(began) < whole/8) && !s.Failed(); round++ {
		s.suffer(serverKilled)
	}
	for _, f := range faults { // once each, so that what comes later needs nothing more
		s.suffer(f)
	}
	for time.Since(began) < whole/4 && !s.Failed() { // until what the server keeps in memory is complete
		for _, f := range faults {
			s.suffer(f)
		}
	}
	pause()
	s.warm = true
	r.before = s.figures()
	s.keepHeap("before")
	if log := s.Load().Stderr.String(); strings.Contains(log, "internal error") {
		t.Errorf("the log has %s", regexp.MustCompile(`.*internal error.*`).FindString(log))
	}
	stop := s.record(began)
	pause = s.load()
	s.suffer(logGone)
	for time.Since(began) < whole && !s.Failed() {
		for _, f := range faults {
			s.suffer(f)
		}
	}
	pause()
	stop()
	s.converge()
	r.after = s.figures()
	s.keepHeap("after")
	r.deliveries = s.hook.distinct()
	for _, c := range []struct {
		what          string
		before, after int64
	}{{"goroutines", r.before.goroutines, r.after.goroutines}, {"bytes of heap", r.before.heap, r.after.heap}} {
		t.Logf("%s: %d %s before, %d after", r.engine, c.before, c.what, c.after)
		if grown := float64(c.after-c.before) / float64(c.before); *soakFor > 0 && grown > soakGrowth {
			t.Errorf("there were %d %s, and then %d: %.1f%% more", c.before, c.what, c.after, 100*grown)
		}
	}
	s.Load().Signal(syscall.SIGTERM)
	if state := s.Load().AwaitEnd(); state.ExitCode() != 0 {
		t.Errorf("the server ended with %v", state)
	}
	r.took = time.Since(began)
}

// soakTime is how long each store is soaked.
func soakTime() time.Duration {
	if *soakFor > 0 {
		return *soakFor
	}
	return 90 * time.Second
}

// newSoak starts a server, and makes what the load needs.
func newSoak(t *testing.T, engine string) *soak {
	room := strconv.Itoa(*soakConnections + 1000)
	s := &soak{
		T: t, engine: engine, errors: map[string]int{}, outcomes: map[string]*outcome{}, hook: newHook(t),
		certificate: servertest.NewCertificate(t, 1),
	}
	if engine == "MongoDB" {
		s.gateway = mongotest.NewGateway(t, mongotest.URI(t))
		s.store = s.gateway.URI()
	} else {
		dir := t.TempDir()
		if os.Geteuid() == 0 {
			dir = dialogtest.Disk(t, 0, "size=256m")
			s.disk = dir
		} else {
			t.Log("NOT RUN: TestSoak/disk full: needs to mount a file system")
		}
		s.store = filepath.Join(dir, "data")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("soak", 16)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.args = []string{
		"serve", "--listen", "127.0.0.1:0", "--store", s.store, "--secret-file", secret, "--log-format", "json",
		"--tls-cert", s.certificate.CertFile, "--tls-key", s.certificate.KeyFile, "--admin-listen", "127.0.0.1:0", "--admin-pprof",
		"--rate-limit", "0", "--rate-limit-key", "0", "--quota-dialogs-per-day", "0", "--quota-occupants-per-hour", "0",
		"--store-timeout", "2s", "--idle-timeout", "10m", "--webhook-allow", "127.0.0.1", "--max-connections", room, "--max-connections-per-address", room,
	}
	s.spawn()
	key := servertest.Run(t, nil, "apikey", "create", "soak", "--store", s.store, "--store-timeout", "30s")
	if key.Code != 0 {
		t.Fatal(key.Stderr)
	}
	s.alice, s.bob = servertest.OnBehalf(key.Stdout, "alice"), servertest.OnBehalf(key.Stdout, "bob")
	var made struct{ Token string }
	server := servertest.WithKey(key.Stdout)
	servertest.Decode(t, s.Load().Must(server, `mutation { createSession(input: {userId: "alice", ttl: 2592000}) { token } }`, nil).Data["createSession"], &made)
	s.token, s.signedIn = servertest.WithToken(made.Token), time.Now()
	s.Load().Must(server, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": s.hook.URL})
	for range soakDialogs {
		var made struct{ Dialog seen }
		servertest.Decode(t, s.Load().Must(s.alice, `mutation { createDialog(input: {type: GROUP, name: "0", occupantIds: ["bob"]}) { dialog { id name version } } }`, nil).Data["createDialog"], &made)
		s.dialogs = append(s.dialogs, &soaked{soak: s, id: made.Dialog.ID, version: made.Dialog.Version})
	}
	s.follow()
	return s
}

// spawn starts the server. Its clients accept each of its certificates.
func (s *soak) spawn() {
	s.Helper()
	p, clock := spawnWithClock(s.T, s.store, "https", s.args...)
	p.Client.Transport = &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	s.Store(p)
	s.clock = clock
}

// follow adds clients that follow everything, by each way there is.
func (s *soak) follow() {
	for n, user := range []servertest.Header{s.alice, s.bob} {
		var at struct{ Cursor string }
		servertest.Decode(s.T, s.Load().Must(user, `{ dialogChanges { cursor } }`, nil).Data["dialogChanges"], &at)
		add := func(name string, follow func(context.Context, *follower) error, variables map[string]any) {
			one, _ := variables["id"].(string)
			known := map[string]int{}
			for _, d := range s.dialogs {
				if one == "" || one == d.id {
					known[d.id] = d.version
				}
			}
			s.followers = append(s.followers, &follower{
				target: &s.target, name: fmt.Sprint(name, " ", n), user: user, one: one, follow: follow, variables: variables,
				random: rand.New(rand.NewPCG(uint64(len(s.followers)), 1)), copy: known, versions: map[string][]int{},
			})
		}
		for range 4 {
			add("WebSocket", overWebSocket, map[string]any{"after": at.Cursor})
			add("event stream", overEvents, map[string]any{"after": at.Cursor})
		}
		add("polling", byPolling, map[string]any{"after": at.Cursor})
	}
	first := map[string]any{"id": s.dialogs[0].id, "sinceVersion": s.dialogs[0].version}
	for name, follow := range map[string]func(context.Context, *follower) error{"one by WebSocket": overWebSocket, "one by event stream": overEvents} {
		one := &follower{
			target: &s.target, name: name, user: s.alice, one: s.dialogs[0].id, follow: follow, variables: maps.Clone(first),
			random: rand.New(rand.NewPCG(7, 1)), copy: map[string]int{s.dialogs[0].id: s.dialogs[0].version}, versions: map[string][]int{},
		}
		s.followers = append(s.followers, one)
	}
}

// load starts the clients. Pause waits until each of them has finished what it does.
func (s *soak) load() (pause func()) {
	ctx, cancel := context.WithCancel(s.Context())
	var all sync.WaitGroup
	repeat := func(seed int, pause time.Duration, do func(*rand.Rand)) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(seed), 2))
			for ctx.Err() == nil {
				do(r)
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(r.Int64N(int64(2 * pause)))):
				}
			}
		})
	}
	for n, d := range s.dialogs {
		repeat(n, writePause, d.step)
	}
	for n := range soakReaders {
		repeat(100+n, readPause, s.look)
	}
	repeat(200, time.Second, s.come)
	for _, f := range s.followers {
		all.Go(func() {
			if err := f.run(ctx); err != nil {
				s.wrong("%s: %v", f.name, err)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
		s.Load().Client.CloseIdleConnections()
	}
}

// record writes what /metrics says until stop is called, if the flag asks for it.
func (s *soak) record(began time.Time) (stop func()) {
	if *soakMetrics == "" || s.engine != "embedded" {
		return func() {}
	}
	file, err := os.Create(*soakMetrics)
	if err != nil {
		s.Fatal(err)
	}
	address, done := admin(s.T, s.Load().Server)+"/metrics", make(chan struct{})
	var recording sync.WaitGroup
	recording.Go(func() {
		for {
			if status, body, err := fetch(s.Context(), http.DefaultClient, address); err == nil && status == http.StatusOK {
				_, _ = fmt.Fprintf(file, "# AT %d\n%s", time.Since(began).Milliseconds(), body)
			}
			select {
			case <-done:
				return
			case <-time.After(max(time.Second, *soakFor/300)):
			}
		}
	})
	return func() {
		close(done)
		recording.Wait()
		if err := file.Close(); err != nil {
			s.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
}

// suffer lets a fault happen, and waits until every writer has gone on.
func (s *soak) suffer(f fault) {
	s.Helper()
	if f.only != "" && f.only != s.engine || f.needsDisk && s.disk == "" || s.Failed() {
		return
	}
	began := time.Now()
	f.happen(s)
	ended := time.Now()
	was := make([]int64, len(s.dialogs))
	for i, d := range s.dialogs {
		was[i] = d.acked.Load()
	}
	for i, d := range s.dialogs {
		for d.acked.Load() == was[i] {
			if time.Since(ended) > 2*servertest.Patience {
				s.Fatalf("after %q nothing more is acknowledged for %s: %s", f.name, d.id, s.Load().Stderr)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	o := s.outcomes[f.name]
	if o == nil {
		o = &outcome{}
		s.outcomes[f.name] = o
	}
	o.times++
	o.slowest = max(o.slowest, time.Since(ended))
	s.Logf("%s, %s: took %s, recovered in %s", s.engine, f.name, ended.Sub(began).Round(time.Millisecond), time.Since(ended).Round(time.Millisecond))
}

// converge waits until every follower and the webhook have everything, and looks for what
// they had twice, out of order or not at all.
func (s *soak) converge() {
	s.Helper()
	for _, d := range s.dialogs {
		d.settle(d.acked.Load(), 0)
	}
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	var following sync.WaitGroup
	for _, f := range s.followers {
		following.Go(func() {
			if err := f.run(ctx); err != nil {
				s.wrong("%s: %v", f.name, err)
			}
		})
	}
	for _, f := range s.followers {
		want := f.expected(ctx, s.T, nil)
		for deadline := time.Now().Add(servertest.Patience); !f.has(want); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				s.wrong("%s: the copy is %v, want %v", f.name, f.copy, want)
				break
			}
		}
	}
	for _, d := range s.dialogs {
		s.hook.await(s.T, fmt.Sprintf("%s_%d", d.id, d.version))
	}
	cancel()
	following.Wait()
	s.Load().Client.CloseIdleConnections()
	for _, f := range s.followers {
		f.check(s.T)
	}
	arrived := map[string]bool{}
	for _, id := range s.hook.arrived() {
		arrived[id] = true
		if strings.HasSuffix(id, "_gap") { // it was more than 50 changes of a dialog behind
			s.gaps.Add(1)
		}
	}
	for _, d := range s.dialogs {
		covered := false // by a gap up to this change, or a later one
		for v := d.version; v > 0; v-- {
			id := fmt.Sprintf("%s_%d", d.id, v)
			covered = arrived[id+"_gap"] || covered && !arrived[id]
			if !covered && !arrived[id] {
				s.wrong("the webhook did not get %s", id)
			}
		}
	}
}

// figures are the size of the server when nobody uses it.
type figures struct{ goroutines, heap int64 }

var (
	goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)
	heapAlloc  = regexp.MustCompile(`# HeapAlloc = (\d+)`)
)

// figures takes the least of several measurements, after a collection of garbage each: what
// is left is what the server keeps.
func (s *soak) figures() figures {
	s.Helper()
	measure := func() (f figures) {
		f.goroutines = s.profile("/metrics", goroutines) // which also makes what later scrapes use again
		f.heap = s.profile("/debug/pprof/heap?gc=1&debug=1", heapAlloc)
		return f
	}
	s.hook.CloseClientConnections() // the server would keep some for a minute
	const quiet = 5 * time.Second
	least, lower := measure(), time.Now()
	for time.Since(lower) < quiet { // connections and their buffers take a while
		time.Sleep(100 * time.Millisecond)
		now := measure()
		if now.goroutines < least.goroutines || now.heap < least.heap-least.heap/200 {
			lower = time.Now()
		}
		least.goroutines, least.heap = min(least.goroutines, now.goroutines), min(least.heap, now.heap)
	}
	return least
}

// keepHeap keeps a profile of the heap beside the metrics, to find what has grown. It comes
// after the figures, when nothing is left of the connections.
func (s *soak) keepHeap(when string) {
	if *soakMetrics == "" {
		return
	}
	for _, profile := range []string{"heap", "goroutine"} {
		_, body, err := fetch(s.Context(), http.DefaultClient, admin(s.T, s.Load().Server)+"/debug/pprof/"+profile+"?gc=1")
		if err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("%s.%s.%s.%s", *soakMetrics, s.engine, profile, when), []byte(body), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func (s *soak) profile(path string, pattern *regexp.Regexp) int64 {
	s.Helper()
	response, err := http.Get(admin(s.T, s.Load().Server) + path) //nolint:noctx // it is the client's time that counts
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	found := pattern.FindSubmatch(text)
	if found == nil {
		s.Fatalf("%s has no %v: %.200s", path, pattern, text)
	}
	n, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// codes are the errors of the soak, sorted.
func (s *soak) codes() []string { return slices.Sorted(maps.Keys(s.errors)) }
