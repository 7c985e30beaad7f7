package transfer_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/transfer"
)

// generated is a source of n groups with four members each, out of 20,000 users.
type generated struct{ next, n int }

func (g *generated) Next() (dialog.Foreign, error) {
	if g.next == g.n {
		return dialog.Foreign{}, io.EOF
	}
	g.next++
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).Add(time.Duration(g.next) * time.Second)
	f := dialog.Foreign{CreatedAt: at, UpdatedAt: at}
	f.ID, f.Type, f.Name = dialog.Some(fmt.Sprintf("%024x", g.next)), dialog.Group, dialog.Some(fmt.Sprintf("Dialog %d", g.next*7919%g.n))
	for k := range 4 {
		f.Occupants = append(f.Occupants, dialog.UserID(fmt.Sprint("user", (g.next*4+k*7)%20_000)))
	}
	f.Owner = dialog.Some(f.Occupants[0])
	return f, nil
}

// BenchmarkImport imports dialogs into an embedded store.
func BenchmarkImport(b *testing.B) {
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	importer := transfer.Importer{
		Store: s, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), Actor: "(import)",
		Refused: func(id string, why error) { b.Error(id, why) }, Progress: func(int) {},
	}
	b.ResetTimer()
	r, err := importer.Import(b.Context(), &generated{n: b.N})
	if err != nil || r.Created != b.N {
		b.Fatalf("%+v, %v", r, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "dialogs/s")
}
