package peers_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A figure is what one round shows about a server.
type figure struct {
	cpu      time.Duration // of the server's process, per request
	database time.Duration // of the processes of its own database, per request
	rate     float64       // requests per second
	p50, p99 time.Duration
	memory   int64
}

// A result is what all rounds show about an operation.
type result struct {
	engine  string
	title   string
	servers []contender
	figures map[string][]figure // of each server, in the order of the rounds
	// half is the load at half of the rate at which the server is saturated, in the order
	// of its own rounds.
	half map[string][]figure
}

// measure lets the servers take turns in each round of each operation.
func (d *table) measure(t *testing.T, servers []contender) []result {
	t.Helper()
	running := map[string]*server{}
	for _, s := range servers {
		running[s.name] = s.start(t, &d.data)
	}
	var results []result
	for i := range d.operations {
		op := &d.operations[i]
		r := result{d.engine, op.name, servers, map[string][]figure{}, map[string][]figure{}}
		if d.engine == mongoDB {
			r.title += ", on MongoDB"
		}
		start, token := time.Now(), tokenOf(t, op.user)
		turn := slices.Clone(servers)
		for _, s := range turn { // what is read once is read by one client
			once := load{query: s.queries[op.kind], op: op, token: token, rate: 1, during: 1}
			measure(t, running[s.name], once)
		}
		for round := -1; round < max(*rounds, 1); round++ { // the first one warms up
			for _, s := range turn {
				f := measure(t, running[s.name], load{query: s.queries[op.kind], op: op, token: token, during: window()})
				if round >= 0 {
					r.figures[s.name] = append(r.figures[s.name], f)
				}
			}
			slices.Reverse(turn) // what disturbs a server in one round helps it in the next
		}
		for range halfRounds() {
			for _, s := range turn {
				rate := median(r.figures[s.name], func(f figure) float64 { return f.rate }) / 2
				half := measure(t, running[s.name], load{query: s.queries[op.kind], op: op, token: token, during: leadIn + window(), rate: rate, skip: leadIn})
				r.half[s.name] = append(r.half[s.name], half)
			}
			slices.Reverse(turn)
		}
		results = append(results, r)
		t.Logf("%s is measured, in %.0f s", r.title, time.Since(start).Seconds())
	}
	for _, p := range running {
		p.Kill()
	}
	return results
}

// leadIn is how long half of the load runs before it counts: a server that was idle needs
// a moment.
const leadIn = 200 * time.Millisecond

// halfRounds is in how many rounds half of the load is measured. The guard does not
// compare it.
func halfRounds() int {
	if *baseBinary != "" {
		return 0
	}
	return min(3, max(*rounds, 1))
}

func measure(t *testing.T, s *server, l load) figure {
	t.Helper()
	l.address = strings.TrimPrefix(s.URL, "http://")
	database := func() time.Duration { return 0 }
	if s.database != nil {
		database = s.database
	}
	before, ofDatabase, start := s.Usage(), database(), time.Now()
	times, err := l.run()
	took := time.Since(start)
	after := s.Usage()
	if err != nil {
		t.Fatalf("%s\n%s", err, s.Stderr)
	}
	n := len(times)
	if n == 0 {
		t.Fatal("no request was answered in time")
	}
	slices.Sort(times)
	return figure{
		cpu: (after.CPU - before.CPU) / time.Duration(n), database: (database() - ofDatabase) / time.Duration(n), rate: float64(n) / took.Seconds(),
		p50: times[n/2], p99: times[n*99/100], memory: after.Memory,
	}
}

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
			t.Errorf("%s takes %.2f times the CPU time of before, want at most %.2f", r.title, grown, most)
		}
	}
}
