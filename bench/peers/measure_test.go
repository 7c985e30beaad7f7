package peers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// A figure is what one round shows about a server.
type figure struct {
	cpu      time.Duration // of the server's process, per request
	rate     float64       // requests per second
	p50, p99 time.Duration
	memory   int64
}

// A result is what all rounds show about an operation.
type result struct {
	operation string
	figures   map[string][]figure // of each server, in the order of the rounds
	// half is the load at half of the rate at which the server is saturated.
	half map[string]figure
}

// measure lets the servers take turns in each round of each operation.
func (d *table) measure(t *testing.T, servers []contender) []result {
	t.Helper()
	dir := fill(t, d.dialogs, d.members)
	running := map[string]*servertest.Process{}
	for _, s := range servers {
		running[s.name] = s.start(t, copied(t, dir))
	}
	var results []result
	for i := range d.operations {
		op := &d.operations[i]
		r := result{op.name, map[string][]figure{}, map[string]figure{}}
		token := tokenOf(t, op.user)
		for _, s := range servers { // what is read once is read by one client
			l := load{address: address(running[s.name]), op: op, token: token}
			if _, err := l.client(0, time.Now()); err != nil {
				t.Fatalf("%s: %s", s.name, err)
			}
		}
		for round := -1; round < *rounds; round++ { // the first one warms up
			for _, s := range servers {
				f := measure(t, running[s.name], load{op: op, token: token, during: *during})
				if round >= 0 {
					r.figures[s.name] = append(r.figures[s.name], f)
				}
			}
			slices.Reverse(servers) // what disturbs a server in one round helps it in the next
		}
		for _, s := range servers {
			rate := median(r.figures[s.name], func(f figure) float64 { return f.rate }) / 2
			r.half[s.name] = measure(t, running[s.name], load{op: op, token: token, during: *during, rate: rate})
		}
		results = append(results, r)
		t.Logf("%s is measured", op.name)
	}
	for _, p := range running {
		p.Kill()
	}
	return results
}

func measure(t *testing.T, p *servertest.Process, l load) figure {
	t.Helper()
	l.address = address(p)
	before, start := p.Usage(), time.Now()
	times, err := l.run()
	took := time.Since(start)
	after := p.Usage()
	if err != nil {
		t.Fatalf("%s\n%s", err, p.Stderr)
	}
	n := len(times)
	if n == 0 {
		t.Fatal("no request was answered in time")
	}
	slices.Sort(times)
	return figure{
		cpu: (after.CPU - before.CPU) / time.Duration(n), rate: float64(n) / took.Seconds(),
		p50: times[n/2], p99: times[n*99/100], memory: after.Memory,
	}
}

func address(p *servertest.Process) string { return strings.TrimPrefix(p.URL, "http://") }

// median is that of a value in all rounds.
func median(figures []figure, of func(figure) float64) float64 {
	return spread(figures, of)[1]
}

// spread is the least, the middle and the greatest value.
func spread(figures []figure, of func(figure) float64) [3]float64 {
	values := make([]float64, len(figures))
	for i, f := range figures {
		values[i] = of(f)
	}
	return spreadOf(values)
}

func spreadOf(values []float64) [3]float64 {
	slices.Sort(values)
	return [3]float64{values[0], values[len(values)/2], values[len(values)-1]}
}

// ratio is the CPU time of our server, divided by that of another one in the same round.
func (r *result) ratio(other string) [3]float64 {
	values := make([]float64, len(r.figures[other]))
	for i, f := range r.figures[other] {
		values[i] = float64(r.figures[ours][i].cpu) / float64(max(f.cpu, 1))
	}
	return spreadOf(values)
}

// guard fails when the server takes more CPU time than it did.
func guard(t *testing.T, results []result) {
	t.Helper()
	const most = 1.10
	for _, r := range results {
		if grown := r.ratio(base)[1]; grown > most {
			t.Errorf("%s takes %.2f times the CPU time of before, want at most %.2f", r.operation, grown, most)
		}
	}
}
