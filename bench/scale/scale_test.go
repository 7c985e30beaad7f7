package scale_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// begin is when the first dialog was created; each next one is a second younger.
var begin = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func id(n int) dialog.ID { return dialog.ID(fmt.Sprintf("%024x", n)) }

// An operation is done on a store of some dialogs again and again.
type operation struct {
	name string
	// least is how many dialogs there must be.
	least int
	do    func(ctx context.Context, s *sqlite.Store, dialogs int) error
}

func operations() []operation {
	page := func(name string, least int, q func(dialogs int) dialog.Query) operation {
		return operation{name, least, func(ctx context.Context, s *sqlite.Store, dialogs int) error {
			query := q(dialogs)
			query.Limit = 21
			if query.Order.Field == 0 {
				query.Order = dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}
			}
			_, err := s.Dialogs(ctx, query)
			return err
		}}
	}
	own := func(n int) func(int) dialog.Query {
		return func(int) dialog.Query { return dialog.Query{User: userIn(n), Scope: dialog.Mine} }
	}
	server := func(f func(dialogs int) dialog.Filter, o dialog.Order) func(int) dialog.Query {
		return func(dialogs int) dialog.Query { return dialog.Query{Scope: dialog.Mine, Filter: f(dialogs), Order: o} }
	}
	byCreation := dialog.Order{Field: dialog.ByCreatedAt}
	return []operation{
		{"get", 0, func(ctx context.Context, s *sqlite.Store, dialogs int) error {
			_, err := s.Dialog(ctx, id(rand.IntN(dialogs)), false)
			return err
		}},
		{"rename", 0, func(ctx context.Context, s *sqlite.Store, dialogs int) error {
			_, err := s.Update(ctx, dialog.Plan{
				ID: id(rand.IntN(dialogs)), Caller: dialog.Caller{APIKey: "backend"}, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()),
				At: time.Now().UTC().Truncate(time.Millisecond), Name: dialog.Some(fmt.Sprint("Renamed ", rand.Int())),
			})
			return err
		}},
		page("own of 10", 0, own(10)),
		page("own of 1,000", 1000, own(1000)),
		page("own of 10,000", 10_000, own(10_000)),
		page("part of few names", 0, server(func(n int) dialog.Filter { return dialog.Filter{NameContains: fmt.Sprint("log ", n/2, ".")} }, dialog.Order{})),
		page("part of many names", 0, server(func(int) dialog.Filter { return dialog.Filter{NameContains: "dialog 1"} }, dialog.Order{})),
		page("whole name", 0, server(func(n int) dialog.Filter { return dialog.Filter{Names: []string{fmt.Sprint("Dialog ", n/2, ".")}} }, dialog.Order{})),
		page("updatedAfter, by creation", 0, server(func(n int) dialog.Filter {
			return dialog.Filter{UpdatedAfter: begin.Add(time.Duration(n-n/100) * time.Second)}
		}, byCreation)),
		page("createdBefore, by update", 0, server(func(n int) dialog.Filter {
			return dialog.Filter{CreatedBefore: begin.Add(time.Duration(n/1000+1) * time.Second)}
		}, dialog.Order{})),
	}
}

// userIn is a user who is in that many dialogs, spread evenly.
func userIn(n int) dialog.UserID { return dialog.UserID(fmt.Sprint("in", n)) }

// BenchmarkScale prints a table of CPU time per operation, and writes a chart of it to the
// file CHART, if that is set. SCALE lists other numbers of dialogs, separated by commas.
func BenchmarkScale(b *testing.B) {
	var rows [][]cell
	for _, name := range []string{"dialogs", "---", "file, per dialog", "open", "store, per dialog"} {
		rows = append(rows, []cell{{text: name}})
	}
	for _, op := range operations() {
		rows = append(rows, []cell{{text: op.name}})
	}
	for _, n := range sizes(b, 1000, 10_000, 100_000, 1_000_000) {
		for i, cell := range measure(b, n) {
			rows[i] = append(rows[i], cell)
		}
	}
	for _, row := range rows {
		fmt.Print("|")
		for _, c := range row {
			fmt.Print(" ", c.text, " |")
		}
		fmt.Println()
	}
	if file := os.Getenv("CHART"); file != "" {
		if err := os.WriteFile(file, []byte(chart(rows[0][1:], rows[3:])), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// sizes are the numbers of dialogs in SCALE, or the usual ones.
func sizes(b *testing.B, usual ...int) []int {
	b.Helper()
	text, ok := os.LookupEnv("SCALE")
	if !ok {
		return usual
	}
	var given []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil {
			b.Fatal(err)
		}
		given = append(given, n)
	}
	return given
}

// measure returns a column of the table.
func measure(b *testing.B, dialogs int) []cell {
	b.Helper()
	dir := b.TempDir()
	s := open(b, dir)
	before := cpu(b)
	fill(b, s, dialogs)
	stored := shown((cpu(b) - before) / time.Duration(dialogs))
	if err := s.IndexNames(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	s = open(b, dir)
	opened := shown(time.Since(begun))
	info, err := os.Stat(dir + "/" + sqlite.DatabaseFile)
	if err != nil {
		b.Fatal(err)
	}
	column := []cell{{text: grouped(dialogs)}, {text: "---"}, {text: fmt.Sprint(int(info.Size())/dialogs, " B")}, opened, stored}
	for _, op := range operations() {
		if dialogs < op.least {
			column = append(column, cell{text: "–"})
			continue
		}
		column = append(column, shown(perOperation(b, s, op, dialogs)))
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return column
}

func open(b *testing.B, dir string) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), dir, sqlite.Options{Timeout: 10 * time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// perOperation is the median of the CPU time in five rounds, after one round that
// fills the caches.
func perOperation(b *testing.B, s *sqlite.Store, op operation, dialogs int) time.Duration {
	b.Helper()
	const rounds, times = 6, 50
	var took []time.Duration
	for range rounds {
		before := cpu(b)
		for range times {
			if err := op.do(b.Context(), s, dialogs); err != nil {
				b.Fatalf("%s in %d dialogs: %v", op.name, dialogs, err)
			}
		}
		took = append(took, (cpu(b)-before)/times)
	}
	took = took[1:]
	slices.Sort(took)
	return took[len(took)/2]
}

// fill stores groups of four out of a fifth as many users, and of the users who are
// in 10, 1,000 and 10,000 of them. One of a thousand has custom data.
func fill(b *testing.B, s *sqlite.Store, dialogs int) {
	b.Helper()
	var batch []dialog.Dialog
	for n := range dialogs {
		at := begin.Add(time.Duration(n) * time.Second)
		d := dialog.Dialog{ID: id(n), Type: dialog.Group, Name: fmt.Sprintf("Dialog %d.", n*7919%dialogs), CreatedAt: at, UpdatedAt: at, Version: 1}
		for k := range 4 {
			d.Occupants = append(d.Occupants, dialog.UserID(fmt.Sprint("user", (n*4+k*7)%(dialogs/5))))
		}
		d.Owner = d.Occupants[0]
		if n%1000 == 0 {
			d.Custom = dialog.CustomData{"Task": {"text": `"x"`}}
		}
		for _, many := range []int{10, 1000, 10_000} {
			if dialogs >= many && n%(dialogs/many) == 0 {
				d.Occupants = append(d.Occupants, userIn(many))
			}
		}
		d.History = []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: d.Owner}, At: at, Joined: d.Occupants}}
		if batch = append(batch, d); len(batch) == 2000 || n == dialogs-1 {
			if err := s.Restore(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}

// cpu is the CPU time of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func shown(d time.Duration) cell {
	text := fmt.Sprintf("%d µs", d.Microseconds())
	if d >= 10*time.Millisecond {
		text = fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return cell{text, float64(d.Microseconds())}
}

func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
