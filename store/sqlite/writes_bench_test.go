//go:build unix

package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// BenchmarkWrites renames dialogs in several ways, which take turns in 7 rounds: by one
// bare writer, by 64 writers of the store on as many dialogs as there are or on 64 of
// them, by 64 writers on one dialog, and by 64 writers on 64 dialogs with 10 and with 1,000
// occupants. It logs the medians of the rates and of the CPU time, and reports the medians
// of the ratios within a round.
func BenchmarkWrites(b *testing.B) {
	s, dir := crowded(b, dialog.Group)
	small, large := peopled(b, s, 10, 1), peopled(b, s, 1000, 2)
	bare := newBareWriter(b, dir)
	name := updateKinds()[0]
	any := func() dialog.ID { return benchID(rand.IntN(benchDialogs)) }
	of := func(ids []dialog.ID) func() dialog.ID { return func() dialog.ID { return ids[rand.IntN(len(ids))] } }
	byStore := func(next func() dialog.ID) func() error {
		return func() error {
			p := dialog.Plan{
				ID: next(), Caller: dialog.Caller{APIKey: "backend"}, Name: dialog.Some(fmt.Sprint("Name ", rand.IntN(20_000))),
				Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), At: time.Now().UTC().Truncate(time.Millisecond),
			}
			_, err := s.Update(b.Context(), p)
			return err
		}
	}
	ways := []*way{
		{name: "bare loop, 1 writer", writers: 1, change: func() error { return bare.change(any(), name) }},
		{name: "1 writer", writers: 1, change: byStore(any)},
		{name: "64 writers", writers: 64, change: byStore(any)},
		{name: "64 writers, 64 dialogs", writers: 64, change: byStore(of(small))},
		{name: "64 writers, 1 dialog", writers: 64, change: byStore(of(small[:1]))},
		{name: "64 writers, 64 dialogs of 1,000", writers: 64, change: byStore(of(large))},
	}
	b.Run("inTurn", func(b *testing.B) { inTurn(b, ways) })
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) { // for a profile
			for b.Loop() {
				w.measure(b, time.Second)
			}
		})
	}
}

func inTurn(b *testing.B, ways []*way) {
	for b.Loop() {
		for range 7 {
			for _, w := range ways {
				w.measure(b, 500*time.Millisecond)
			}
		}
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\trenames/s\tCPU per rename")
	for _, w := range ways {
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%.0f µs\n", w.name, median(w.rates), median(w.cpu))
	}
	_ = table.Flush()
	b.Logf("\n%s", out.String())
	b.ReportMetric(ratio(ways[2], ways[0]), "64/bare")
	b.ReportMetric(ratio(ways[4], ways[3]), "1-dialog/64")
	b.ReportMetric(ratio(ways[3], ways[5]), "10/1000-occupants")
}

// peopled adds 64 dialogs with that many occupants each.
func peopled(b *testing.B, s *sqlite.Store, occupants, set int) []dialog.ID {
	b.Helper()
	var dialogs []dialog.Dialog
	var ids []dialog.ID
	for n := range 64 {
		at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
		d := dialog.Dialog{ID: benchID(set*benchDialogs + n), Type: dialog.Group, Name: "Lunch", CreatedAt: at, UpdatedAt: at, Version: 1}
		for i := range occupants {
			d.Occupants = append(d.Occupants, dialog.UserID(fmt.Sprintf("user-%d-%d", n, i)))
		}
		d.Owner = d.Occupants[0]
		d.History = []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: d.Owner}, At: at, Joined: d.Occupants}}
		dialogs, ids = append(dialogs, d), append(ids, d.ID)
	}
	if err := s.Restore(b.Context(), dialogs); err != nil {
		b.Fatal(err)
	}
	return ids
}

// A way of renaming, and its rate and CPU time in µs in each round.
type way struct {
	name       string
	writers    int
	change     func() error
	rates, cpu []float64
}

func (w *way) measure(b *testing.B, during time.Duration) {
	b.Helper()
	var all sync.WaitGroup
	counts := make([]int, w.writers)
	began, before := time.Now(), cpuTime(b)
	for i := range counts {
		all.Go(func() {
			for time.Since(began) < during {
				if err := w.change(); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	all.Wait()
	took, cpu, n := time.Since(began), cpuTime(b)-before, 0
	for _, count := range counts {
		n += count
	}
	w.rates = append(w.rates, float64(n)/took.Seconds())
	w.cpu = append(w.cpu, float64(cpu.Microseconds())/float64(n))
}

// cpuTime is that of this process so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratio is the median of the rates of a, divided by those of b in the same rounds.
func ratio(a, b *way) float64 {
	ratios := make([]float64, len(a.rates))
	for i := range ratios {
		ratios[i] = a.rates[i] / b.rates[i]
	}
	return median(ratios)
}
