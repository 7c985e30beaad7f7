package live_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// instances has changes on one instance, and their subscribers on another one, with one
// MongoDB below them.
func (l *load) instances() {
	uri := mongotest.URI(l)
	one, other := l.startAt(uri), l.startAt(uri, "--log-level", "debug") // which says how it learns of changes
	defer other.Kill()
	defer one.Kill()
	id := one.create("owner", "PUBLIC_GROUP")
	clients := l.watching(other, min(100, l.subscribers), id)
	defer l.follow(clients).stop()
	w := &writer{s: one, ids: []string{id}, by: servertest.WithToken(one.token("owner")), each: time.Second / 10}
	n := 20 * int(l.during/time.Second)
	w.write(n)
	l.awaitAll(clients, n)
	latency, lost, twice := w.compare(clients, func(*client, string) bool { return true })
	how, goal := "by the change stream", "p99 ≤ 100 ms"
	if strings.Contains(other.Stderr.String(), "polling every second") {
		how, goal = "by the poll", "p99 ≤ 1.5 s"
	}
	l.row("a change on another instance, "+how, goal, "%s", latency)
	l.complete(lost, twice)
}

// storeAway takes the store away for a while, during which clients stay connected, and
// some lose their connections.
func (l *load) storeAway() {
	gateway := mongotest.NewGateway(l, mongotest.URI(l))
	s := l.startAt(gateway.URI())
	defer s.Kill()
	id := s.create("owner", "PUBLIC_GROUP")
	clients := l.watching(s, 100, id)
	all := l.follow(clients)
	defer all.stop()
	w := &writer{s: s, ids: []string{id}, by: servertest.WithToken(s.token("owner")), each: time.Second / 10}
	w.write(10)
	l.awaitAll(clients, 10)
	var gone atomic.Bool
	gone.Store(true)
	gateway.React(func(string) mongotest.Reaction { return mongotest.Reaction{Close: gone.Load()} })
	gateway.Hangup()
	for _, c := range clients[:len(clients)/2] {
		c.cut()
	}
	time.Sleep(l.away)
	gone.Store(false)
	start := time.Now()
	var version int64
	for err := errors.New("none yet"); err != nil; time.Sleep(10 * time.Millisecond) {
		if version, err = s.rename(w.by, id, fmt.Sprint("Back ", time.Now().UnixNano())); err != nil && time.Since(start) > servertest.Patience {
			l.Fatal(err)
		}
	}
	w.acks = map[versionOf]acknowledgement{{id, version}: {at: time.Now()}}
	l.awaitAll(clients, 11)
	back := time.Since(start)
	_, lost, twice := w.compare(clients, func(*client, string) bool { return true })
	l.row("the store away for "+l.away.String()+": everyone has caught up", "5 s after", "%.1f s; reconnections: %d", back.Seconds(), all.retries())
	l.complete(lost, twice)
}
