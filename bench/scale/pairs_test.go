package scale_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// A filter is one of the schema's, with values of a store of some dialogs.
type filter struct {
	name string
	set  func(f *dialog.Filter, dialogs int)
}

func filters() []filter {
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Second) }
	return []filter{
		{"type", func(f *dialog.Filter, _ int) { f.Types = []dialog.Type{dialog.Group} }},
		{"owner", func(f *dialog.Filter, _ int) { f.Owner = "user8" }},
		{"occupant in 10", func(f *dialog.Filter, _ int) { f.Occupants = append(f.Occupants, userIn(10)) }},
		{"occupant in 1,000", func(f *dialog.Filter, _ int) { f.Occupants = append(f.Occupants, userIn(1000)) }},
		{"whole name", func(f *dialog.Filter, n int) { f.Names = []string{fmt.Sprint("Dialog ", n/2, ".")} }},
		{"other names", func(f *dialog.Filter, n int) { f.ExceptNames = []string{fmt.Sprint("Dialog ", n/3, ".")} }},
		{"part of few names", func(f *dialog.Filter, n int) { f.NameContains = fmt.Sprint("log ", n/2, ".") }},
		{"part of many names", func(f *dialog.Filter, _ int) { f.NameContains = "dialog 1" }},
		{"updatedAfter (1%)", func(f *dialog.Filter, n int) { f.UpdatedAfter = at(n - n/100) }},
		{"updatedBefore (1%)", func(f *dialog.Filter, n int) { f.UpdatedBefore = at(n / 100) }},
		{"createdAfter (1%)", func(f *dialog.Filter, n int) { f.CreatedAfter = at(n - n/100) }},
		{"createdBefore (1%)", func(f *dialog.Filter, n int) { f.CreatedBefore = at(n / 100) }},
		{"custom data (0.1%)", func(f *dialog.Filter, _ int) {
			f.Custom = append(f.Custom, dialog.FieldChange{Class: "Task", Field: "text", Value: dialog.Value(`"x"`)})
		}},
	}
}

// BenchmarkPairs prints the CPU time of a page of all dialogs, as a server, with each filter
// alone (on the diagonal) and with each pair: the slower one of the orders by update and by
// creation. SCALE is the number of dialogs.
func BenchmarkPairs(b *testing.B) {
	for _, dialogs := range sizes(b, 100_000) {
		s := open(b, b.TempDir())
		fill(b, s, dialogs)
		if err := s.IndexNames(b.Context()); err != nil {
			b.Fatal(err)
		}
		all := filters()
		fmt.Printf("| %s dialogs |", grouped(dialogs))
		for i := range all {
			fmt.Printf(" %d |", i+1)
		}
		fmt.Println("\n|" + strings.Repeat(" --- |", len(all)+1))
		for i := range all {
			fmt.Printf("| %d %s |", i+1, all[i].name)
			for j := range i + 1 {
				fmt.Printf(" %s |", inMillis(pair(b, s, dialogs, all[i], all[j])))
			}
			fmt.Println(strings.Repeat(" |", len(all)-i-1))
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// pair is the median of three pages with two filters, in the slower order.
func pair(b *testing.B, s *sqlite.Store, dialogs int, one, other filter) (slowest time.Duration) {
	b.Helper()
	q := dialog.Query{Scope: dialog.Mine, Limit: 21}
	one.set(&q.Filter, dialogs)
	if one.name != other.name {
		other.set(&q.Filter, dialogs)
	}
	for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt} {
		q.Order = dialog.Order{Field: field, Descending: true}
		var took []time.Duration
		for range 3 {
			before := cpu(b)
			if _, err := s.Dialogs(b.Context(), q); err != nil {
				b.Fatalf("%s and %s: %v", one.name, other.name, err)
			}
			took = append(took, cpu(b)-before)
		}
		slices.Sort(took)
		slowest = max(slowest, took[1])
	}
	return slowest
}

func inMillis(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
