package sqlite_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// BenchmarkRenameBeside renames a dialog while another user creates dialogs of
// 999 occupants, 40 at a time, as 40 requests do.
func BenchmarkRenameBeside(b *testing.B) {
	for _, creators := range []int{0, 40} {
		b.Run(fmt.Sprint(creators), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{Timeout: time.Minute})
			b.Cleanup(func() { closing(b, s) })
			policy := dialog.DefaultPolicy(dialog.DefaultLimits())
			service := dialog.NewService(s, policy, time.Now, nil)
			out, err := service.Create(b.Context(), dialog.Caller{User: "innocent"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"bob"}})
			if err != nil {
				b.Fatal(err)
			}
			occupants := make([]dialog.UserID, 999)
			for i := range occupants {
				occupants[i] = dialog.UserID(fmt.Sprint(i))
			}
			ctx, cancel := context.WithCancel(b.Context())
			var all sync.WaitGroup
			made := 0
			var mu sync.Mutex
			for range creators {
				all.Go(func() {
					for ctx.Err() == nil {
						_, err := service.Create(ctx, dialog.Caller{User: "attacker"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), Occupants: occupants})
						if err != nil && ctx.Err() == nil {
							b.Error(err)
							return
						}
						mu.Lock()
						made++
						mu.Unlock()
					}
				})
			}
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				_, err := service.Update(b.Context(), dialog.Caller{User: "innocent"}, string(out.Dialog.ID), dialog.Change{Name: dialog.Some(fmt.Sprint("Lunch ", len(took)))})
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			mu.Lock()
			b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "created/s")
			mu.Unlock()
			cancel()
			all.Wait()
			slices.Sort(took)
			for _, p := range []int{50, 90, 99, 100} {
				b.ReportMetric(float64(took[min(len(took)-1, len(took)*p/100)].Microseconds())/1000, fmt.Sprint("ms-p", p))
			}
		})
	}
}
