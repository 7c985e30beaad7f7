package live_test

import (
	"fmt"
	"strings"
	"time"

	"dialogs/servertest"
)

const (
	watchAll = `subscription($after: String) { e: dialogsChanged(after: $after) { dialogId cursor change { version } dialog { name } } }`
	watchOne = `subscription($id: ID!, $since: Int) { e: dialogChanged(id: $id, sinceVersion: $since) { dialogId change { version } dialog { name } } }`
)

// cpu tells how many cores the server and the generator took.
type cpu struct {
	s           *server
	start       time.Time
	server, own time.Duration
}

func (l *load) cpuOf(s *server) cpu { return cpu{s, time.Now(), s.Usage().CPU, l.ownCPU()} }

func (c cpu) String() string {
	passed := time.Since(c.start)
	cores := func(d time.Duration) float64 { return float64(d) / float64(passed) }
	return fmt.Sprintf("%.2f cores (generator %.2f)", cores(c.s.Usage().CPU-c.server), cores(c.s.l.ownCPU()-c.own))
}

// per is what the server and the generator took for each event that was received.
func (c cpu) per(events int) string {
	each := func(d time.Duration) int64 { return d.Microseconds() / int64(max(1, events)) }
	return fmt.Sprintf("CPU per event: %d µs (generator %d µs)", each(c.s.Usage().CPU-c.server), each(c.s.l.ownCPU()-c.own))
}

// waiting has many connections that wait, with a subscription each.
func (l *load) waiting() {
	s := l.start()
	defer s.Kill()
	first := &client{s: s, user: "first", token: s.token("first"), query: watchAll}
	defer l.follow([]*client{first}).stop() // what the first one takes is no connection's
	before := s.Usage().Memory
	var clients []*client
	for i := range l.idle {
		clients = append(clients, &client{s: s, user: name(i), token: s.token(name(i)), query: watchAll})
	}
	used := l.cpuOf(s)
	start := time.Now()
	all := l.follow(clients)
	defer all.stop()
	l.row(fmt.Sprintf("%d connections with a subscription each: connecting", l.idle), "", "%.1f s; %s; reconnections: %d", time.Since(start).Seconds(), used, all.retries())
	l.settle()
	used = l.cpuOf(s)
	l.profiled(s, "idle", l.settle)
	memory := s.Usage().Memory
	l.row("idle: resident memory for each", "≤ 24 KiB", "%.1f KiB (%d MiB in all)", float64(memory-before)/1024/float64(l.idle), memory>>20)
	l.row("idle: CPU", "0.1 cores", "%s", used)
}

// settle waits for a while in which nothing is asked.
func (l *load) settle() { time.Sleep(l.during) }

// spread has subscribers with a dialog each, and changes of all of these.
func (l *load) spread() {
	s := l.start()
	defer s.Kill()
	clients, ids := l.members(s)
	defer l.follow(clients).stop()
	w := &writer{s: s, ids: ids, each: time.Second / time.Duration(l.rate)}
	used := l.cpuOf(s)
	n := max(2*l.rate*int(l.during/time.Second), len(ids)) / len(ids) * len(ids)
	w.write(n)
	l.awaitAll(clients, n/len(ids))
	latency, lost, twice := w.compare(clients, func(c *client, id string) bool { return ids[number(c)] == id })
	l.row(fmt.Sprintf("%d subscribers, %d changes/s over %d dialogs", len(clients), l.rate, len(ids)), "p50 ≤ 10 ms, p99 ≤ 50 ms",
		"acknowledgement to receipt %s; answers to writers %s, %.0f/s; %s with its change", latency, w.took(), w.rate(), used.per(len(latency)))
	l.complete(lost, twice)
}

// members are subscribers, each of whom owns a dialog. They subscribe from where the
// server is now, so that a change which is made before it has read their message counts.
func (l *load) members(s *server) (clients []*client, ids []string) {
	ids = make([]string, l.subscribers)
	clients = make([]*client, l.subscribers)
	l.parallel(len(ids), func(i int) {
		ids[i] = s.create(name(i), "GROUP")
		token := s.token(name(i))
		clients[i] = &client{s: s, user: name(i), token: token, query: watchAll, cursor: s.position(token)}
	})
	return clients, ids
}

func number(c *client) (i int) {
	_, _ = fmt.Sscanf(c.user, "u%d", &i)
	return i
}

func (l *load) complete(lost, twice int) {
	l.row("lost, received twice", "0, 0", "%d, %d", lost, twice)
	if lost+twice > 0 {
		l.Errorf("%d changes lost, %d received twice", lost, twice)
	}
}

// watching are clients that all watch one public group, from the version that it has now.
func (l *load) watching(s *server, n int, id string) (clients []*client) {
	version := s.version(id)
	for i := range n {
		clients = append(clients, &client{
			s: s, user: name(i), token: s.token(name(i)), query: watchOne, variables: map[string]any{"id": id}, version: version,
		})
	}
	return clients
}

// crowd has everyone wait for the same dialog.
func (l *load) crowd() {
	s := l.start()
	defer s.Kill()
	id := s.create("owner", "PUBLIC_GROUP")
	by := servertest.WithToken(s.token("owner"))
	alone := &writer{s: s, ids: []string{id}, by: by, each: time.Second / 2}
	n := 4 * int(l.during/time.Second)
	alone.write(n)
	clients := l.watching(s, l.subscribers, id)
	defer l.follow(clients).stop()
	w := &writer{s: s, ids: []string{id}, by: by, each: time.Second / 2}
	used := l.cpuOf(s)
	l.profiled(s, "crowd", func() { w.write(n) })
	l.awaitAll(clients, n)
	latency, lost, twice := w.compare(clients, func(*client, string) bool { return true })
	l.row(fmt.Sprintf("%d subscribers of one dialog, 2 changes/s", len(clients)), "p99 ≤ 400 ms", "acknowledgement to receipt %s; %s", latency, used.per(len(latency)))
	l.row("answers to its writers, without and with subscribers", "p99 ≤ 2 ×", "%s and %s", alone.took(), w.took())
	l.complete(lost, twice)
}

// storm cuts all connections at once. All clients come back, and catch up on what they
// have missed.
func (l *load) storm() {
	s := l.start()
	defer s.Kill()
	clients, ids := l.members(s)
	all := l.follow(clients)
	defer all.stop()
	owners := &writer{s: s, ids: ids, each: time.Second / time.Duration(l.rate)}
	owners.write(len(ids))
	l.awaitAll(clients, 1)
	calm := l.probe(s, l.settle)
	all.gate.close()
	for _, c := range clients {
		c.cut()
	}
	owners.write(len(ids)) // what they miss
	before := all.retries()
	var back time.Duration
	used := l.cpuOf(s)
	var busy sample
	l.profiled(s, "storm", func() {
		busy = l.probe(s, func() {
			start := time.Now()
			all.gate.open()
			l.awaitAll(clients, 2)
			back = time.Since(start)
		})
	})
	_, lost, twice := owners.compare(clients, func(c *client, id string) bool { return ids[number(c)] == id })
	l.row(fmt.Sprintf("%d cut off at once: all back and caught up, after the 1.3 to 4 s that clients wait first", len(clients)), "≤ 15 s",
		"%.1f s; further reconnections: %d; %s", back.Seconds(), all.retries()-before, used)
	l.row("answers to others, before and meanwhile", "p99 ≤ 3 ×", "%s and %s", calm, busy)
	l.complete(lost, twice)
}

// blocked has some clients that stop reading, beside others.
func (l *load) blocked() {
	s := l.start()
	defer s.Kill()
	id := s.create("owner", "PUBLIC_GROUP")
	by := servertest.WithToken(s.token("owner"))
	const large = `subscription($id: ID!) { e: dialogChanged(id: $id) { dialogId change { version } dialog { name %s } } }`
	var fields strings.Builder
	for i := range 40 {
		fmt.Fprintf(&fields, "a%d: photo ", i)
	}
	readers := l.watching(s, 100, id)
	var stuck []*client
	for i := range l.stuck {
		user := fmt.Sprintf("stuck%d", i)
		stuck = append(stuck, &client{
			s: s, user: user, token: s.token(user), query: fmt.Sprintf(large, fields.String()), variables: map[string]any{"id": id}, window: 4 << 10,
		})
	}
	defer l.follow(readers).stop()
	total := 0
	measure := func(n int) sample {
		total += n
		w := &writer{s: s, ids: []string{id}, by: by, each: 20 * time.Millisecond}
		w.write(n)
		l.awaitAll(readers, total)
		latency, lost, twice := w.compare(readers, func(*client, string) bool { return true })
		l.complete(lost, twice)
		return latency
	}
	before := measure(500)
	l.connectAll(stuck)
	var during sample
	l.profiled(s, "stuck", func() { during = measure(500) })
	l.row(fmt.Sprintf("%d readers beside %d that do not read", len(readers), len(stuck)), "as before", "%s, before %s", during, before)
	ended := 0
	for deadline := time.Now().Add(servertest.Patience); ended < len(stuck) && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		ended = strings.Count(s.Stderr.String(), "the client reads too slowly")
	}
	for _, c := range stuck {
		c.cut()
	}
	l.row("of these cut off by the server, with a reason in its log", "all", "%d of %d", ended, len(stuck))
}
