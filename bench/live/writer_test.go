package live_test

import (
	"fmt"
	"sync"
	"time"

	"dialogs/servertest"
)

// An acknowledgement is when a change was answered, and how long that took.
type acknowledgement struct {
	at   time.Time
	took time.Duration
}

type versionOf struct {
	id      string
	version int64
}

// A writer changes dialogs at a steady rate.
type writer struct {
	s    *server
	ids  []string
	by   servertest.Header // nil for the owner: each dialog's has its number
	each time.Duration

	lasted time.Duration

	mu   sync.Mutex
	acks map[versionOf]acknowledgement
}

// write makes n changes, each of the next dialog, and waits for their answers.
func (w *writer) write(n int) {
	w.acks = map[versionOf]acknowledgement{}
	began := time.Now()
	defer func() { w.lasted = time.Since(began) }()
	var all sync.WaitGroup
	jobs := make(chan int)
	for range 16 {
		all.Go(func() {
			for i := range jobs {
				w.change(i)
			}
		})
	}
	tick := time.NewTicker(w.each)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		jobs <- i
	}
	close(jobs)
	all.Wait()
}

func (w *writer) change(i int) {
	id := w.ids[i%len(w.ids)]
	by := w.by
	if by == nil {
		by = servertest.WithToken(w.s.token(name(i % len(w.ids))))
	}
	start := time.Now()
	version, err := w.s.rename(by, id, fmt.Sprintf("Lunch %d", start.UnixNano())) // never the name that it has
	end := time.Now()
	if err != nil {
		w.s.Errorf("change %d: %v", i, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks[versionOf{id, version}] = acknowledgement{end, end.Sub(start)}
}

// rate is how many changes were made in a second.
func (w *writer) rate() float64 { return float64(len(w.acks)) / w.lasted.Seconds() }

// took is how long the answers took.
func (w *writer) took() sample {
	var s sample
	for _, ack := range w.acks {
		s = append(s, ack.took)
	}
	return s
}

// compare is how long after the acknowledgement each receipt was, and how many changes
// were lost or came twice. A receipt before the acknowledgement counts as 0.
func (w *writer) compare(clients []*client, wants func(c *client, id string) bool) (latency sample, lost, twice int) {
	for _, c := range clients {
		had := map[versionOf]bool{}
		for _, r := range c.received() {
			key := versionOf{r.id, r.version}
			ack, ours := w.acks[key]
			if !ours {
				continue
			}
			if had[key] {
				twice++
			}
			had[key] = true
			latency = append(latency, max(0, r.at.Sub(ack.at)))
		}
		for key := range w.acks {
			if wants(c, key.id) && !had[key] {
				lost++
			}
		}
	}
	return latency, lost, twice
}

func name(i int) string { return fmt.Sprintf("u%d", i) }
