package graph

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// A cutStream only notes when it is cut off.
type cutStream struct{ cut int }

func (s *cutStream) signedIn() context.Context { return nil }
func (s *cutStream) keepAlive()                {}
func (s *cutStream) revoke(error)              {}
func (s *cutStream) stop()                     {}
func (s *cutStream) cutOff()                   { s.cut++ }

// TestCutOff: when the context of the server ends, its streams are cut off, also those that
// come later; and others when theirs ends.
func TestCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, end := context.WithCancel(t.Context())
		other, endOther := context.WithCancel(t.Context())
		defer endOther()
		type key struct{}
		u := &upkeep{interval: time.Minute}
		var gone, one, two, apart, late cutStream
		u.tend(server, &gone)()
		leaves := []func(){
			u.tend(server, &one), u.tend(context.WithValue(server, key{}, 1), &two), u.tend(other, &apart),
		}
		left := cutStream{}
		u.tend(server, &left)()
		end()
		synctest.Wait()
		leaves = append(leaves, u.tend(server, &late))
		synctest.Wait()
		if gone.cut+left.cut+apart.cut > 0 || one.cut != 1 || two.cut != 1 || late.cut != 1 {
			t.Errorf("cut off: %d and %d that are gone, %d of another server, %d, %d and %d of this one",
				gone.cut, left.cut, apart.cut, one.cut, two.cut, late.cut)
		}
		endOther()
		synctest.Wait()
		for _, leave := range leaves {
			leave()
		}
		if apart.cut != 1 || one.cut != 1 {
			t.Errorf("then cut off: %d of the other server, %d of the first", apart.cut, one.cut)
		}
		if u.base != nil || u.timer != nil {
			t.Error("upkeep goes on without streams")
		}
	})
}

// TestStartingLeavesACPU: by default, one stream less starts at a time than there are CPUs.
func TestStartingLeavesACPU(t *testing.T) {
	t.Parallel()
	for starting, want := range map[int]int{0: max(1, runtime.GOMAXPROCS(0)-1), 3: 3} {
		lane := Streams{Starting: starting}.newStarting()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		entered := 0
		for ; entered <= want; entered++ {
			if _, err := lane.EnterUnknown(ended, "here"); err != nil {
				break
			}
		}
		if entered != want {
			t.Errorf("with %d: %d at a time, want %d", starting, entered, want)
		}
	}
}
