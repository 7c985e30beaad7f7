package api_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"dialogs/api"
)

// TestLasting lifts the time limit of a request that is a stream, and keeps what the
// request knows and what else ends it.
func TestLasting(t *testing.T) {
	type key struct{}
	connection, closed := context.WithCancel(t.Context())
	limited, cancel := api.WithLimit(connection, time.Nanosecond)
	defer cancel()
	<-limited.Done()
	lasting, end := api.Lasting(context.WithValue(limited, key{}, "known"))
	defer end()
	if _, has := lasting.Deadline(); has || lasting.Err() != nil {
		t.Errorf("the stream has a deadline, or the error %v", lasting.Err())
	}
	if lasting.Value(key{}) != "known" || api.OperationLimit(lasting) != time.Nanosecond {
		t.Errorf("got %v and the limit %s", lasting.Value(key{}), api.OperationLimit(lasting))
	}
	closed()
	<-lasting.Done()
}

// TestLimit: a context with a limit, and one that is derived from it, end when the time is
// up, when the request ends and when the client goes, whoever asks first.
func TestLimit(t *testing.T) {
	for _, asks := range []func(context.Context) error{
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		func(ctx context.Context) error {
			for ctx.Err() == nil {
				runtime.Gosched()
			}
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		for _, derived := range []bool{false, true} {
			for want, end := range map[error]func() (context.Context, context.CancelFunc){
				context.DeadlineExceeded: func() (context.Context, context.CancelFunc) { return api.WithLimit(t.Context(), time.Millisecond) },
				context.Canceled: func() (context.Context, context.CancelFunc) {
					ctx, cancel := api.WithLimit(t.Context(), time.Hour)
					time.AfterFunc(time.Millisecond, cancel)
					return ctx, cancel
				},
				errGone: func() (context.Context, context.CancelFunc) {
					client, gone := context.WithCancelCause(t.Context())
					time.AfterFunc(time.Millisecond, func() { gone(errGone) })
					return api.WithLimit(client, time.Hour)
				},
			} {
				ctx, cancel := end()
				if derived {
					below, stop := context.WithCancel(ctx)
					defer stop()
					ctx = below
				}
				wantErr := want
				if errors.Is(want, errGone) {
					wantErr = context.Canceled
				}
				if err, cause := asks(ctx), context.Cause(ctx); !errors.Is(err, wantErr) || !errors.Is(cause, want) {
					t.Errorf("derived %t: the context ends with %v and cause %v, want %v", derived, err, cause, want)
				}
				cancel()
			}
		}
	}
}

var errGone = errors.New("the client has gone")

// TestWithCancel: a context without a limit ends when it is canceled or the other one ends,
// whether or not something waits for that.
func TestWithCancel(t *testing.T) {
	request, stop := api.WithLimit(t.Context(), time.Hour)
	defer stop()
	for _, waits := range []bool{false, true} {
		for _, cancels := range []bool{false, true} {
			outer, end := context.WithCancel(request)
			ctx, cancel := api.WithCancel(outer)
			below, done := context.WithCancel(ctx)
			defer done()
			if waits {
				go func() { <-ctx.Done() }()
			}
			want, _ := outer.Deadline()
			if until, ok := ctx.Deadline(); ctx.Err() != nil || !ok || !until.Equal(want) || api.OperationLimit(ctx) != time.Hour {
				t.Errorf("got the error %v, the deadline %s and the limit %s", ctx.Err(), until, api.OperationLimit(ctx))
			}
			if cancels {
				cancel()
			} else {
				end()
			}
			<-ctx.Done()
			<-below.Done()
			if !errors.Is(ctx.Err(), context.Canceled) {
				t.Errorf("ends with %v", ctx.Err())
			}
			cancel()
			end()
		}
	}
}

// TestLimitEarlier: the end of the connection may come before the limit.
func TestLimitEarlier(t *testing.T) {
	until := time.Now().Add(time.Minute)
	connection, end := context.WithDeadline(t.Context(), until)
	defer end()
	limited, cancel := api.WithLimit(connection, time.Hour)
	defer cancel()
	if got, ok := limited.Deadline(); !ok || !got.Equal(until) {
		t.Errorf("the deadline is %s, want %s", got, until)
	}
}

// TestLastingWithoutLimit is for requests that had none.
func TestLastingWithoutLimit(t *testing.T) {
	lasting, end := api.Lasting(t.Context())
	if api.OperationLimit(lasting) != 0 || lasting.Err() != nil {
		t.Errorf("got the limit %s and error %v", api.OperationLimit(lasting), lasting.Err())
	}
	end()
	<-lasting.Done()
}

// TestChargeAhead counts one unit for an operation before it is read, and then the
// rest.
func TestChargeAhead(t *testing.T) {
	taken, most := 0, 10
	ctx := api.WithCharger(t.Context(), func(units, _ int) *api.Refusal {
		if taken+units > most {
			return &api.Refusal{Code: api.RateLimited}
		}
		taken += units
		return nil
	})
	operation, err := api.ChargeAhead(ctx)
	if err != nil || taken != 1 {
		t.Fatalf("took %d, error %v", taken, err)
	}
	for _, step := range []struct{ units, taken int }{{1, 1}, {1, 2}, {8, 10}} {
		if err := api.Charge(operation, step.units); err != nil || taken != step.taken {
			t.Errorf("took %d after %d units, want %d; error %v", taken, step.units, step.taken, err)
		}
	}
	if _, err := api.ChargeAhead(ctx); err == nil {
		t.Error("took more than there is")
	}
	if same, err := api.ChargeAhead(t.Context()); err != nil || same != t.Context() {
		t.Errorf("without a limit, got error %v", err)
	}
}

// TestOperationLog begins operations where they are logged, and does nothing in other places.
func TestOperationLog(t *testing.T) {
	begun := 0
	ctx := api.WithOperationLog(t.Context(), func(ctx context.Context) (context.Context, func(...slog.Attr)) {
		begun++
		return ctx, func(...slog.Attr) { begun-- }
	})
	_, finished := api.BeginOperation(ctx)
	if begun != 1 {
		t.Fatal("no operation has begun")
	}
	finished()
	if _, finished := api.BeginOperation(t.Context()); begun != 0 {
		t.Error("the operation is not finished")
	} else {
		finished()
	}
}
