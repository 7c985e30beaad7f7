//go:build unix

package mongo_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// BenchmarkUpdate compares an update with a bare loop of the driver.
func BenchmarkUpdate(b *testing.B) {
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("bare/clients=%d", clients), func(b *testing.B) { newBench(b, clients, 10).runBare(b) })
		b.Run(fmt.Sprintf("store/clients=%d", clients), func(b *testing.B) { newBench(b, clients, 10).runStore(b) })
	}
}

// BenchmarkUpdateOfMany measures how the number of members affects an update of the name:
// each member has a key in the index by updated_at, which changes. What the bare loop takes
// is the database's share.
func BenchmarkUpdateOfMany(b *testing.B) {
	for _, people := range []int{2, 10, 100, 1000} {
		b.Run(fmt.Sprintf("bare/people=%d", people), func(b *testing.B) { newBench(b, 1, people).runBare(b) })
		b.Run(fmt.Sprintf("store/people=%d", people), func(b *testing.B) { newBench(b, 1, people).runStore(b) })
	}
}

// BenchmarkList measures the first page of users with few and with many dialogs, in a
// store with 20,000 dialogs.
func BenchmarkList(b *testing.B) {
	uri := mongotest.URI(b)
	if err := mongo.MakeIndexes(b.Context(), mongotest.Connect(b, uri)); err != nil {
		b.Fatal(err)
	}
	s := open(b, uri, mongo.Options{})
	b.Cleanup(func() { closeStore(b, s) })
	at := time.Now().UTC().Truncate(time.Millisecond)
	var batch []dialog.Dialog
	for i := range 20_000 {
		d := dialog.Dialog{
			ID: dialog.ID(fmt.Sprintf("%024x", i+1)), Type: dialog.Group, Name: fmt.Sprint("name ", i), Owner: dialog.UserID(fmt.Sprint("o", i)),
			CreatedAt: at, UpdatedAt: at.Add(time.Duration(i) * time.Millisecond), Version: 1,
		}
		d.Occupants = []dialog.UserID{d.Owner}
		if i%4 == 0 {
			d.Occupants = append(d.Occupants, "user in 5000")
		}
		if i%400 == 0 {
			d.Occupants = append(d.Occupants, "user in 50")
		}
		if batch = append(batch, d); len(batch) == 500 {
			if err := s.Restore(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	for _, user := range []dialog.UserID{"user in 50", "user in 5000"} {
		b.Run(string(user), func(b *testing.B) {
			q := dialog.Query{User: user, Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, Limit: 21}
			for b.Loop() {
				if page, err := s.Dialogs(b.Context(), q); err != nil || len(page) != 21 {
					b.Fatalf("%d dialogs, %v", len(page), err)
				}
			}
		})
	}
}

// A bench is a store with a dialog for each client.
type bench struct {
	uri     string
	store   dialog.Store
	ids     []dialog.ID
	clients int
}

func newBench(b *testing.B, clients, people int) *bench {
	b.Helper()
	f := newFixture(b)
	made := &bench{uri: f.uri, clients: clients}
	made.store = open(b, f.uri, mongo.Options{})
	b.Cleanup(func() { closeStore(b, made.store) })
	if err := mongo.MakeIndexes(b.Context(), mongotest.Connect(b, f.uri)); err != nil {
		b.Fatal(err)
	}
	occupants := make([]dialog.UserID, people-1)
	for i := range occupants {
		occupants[i] = dialog.UserID(fmt.Sprint("user", i))
	}
	for range clients {
		out, err := f.service.Create(b.Context(), dialog.Caller{User: "owner"}, dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("x"), Occupants: occupants,
		})
		if err != nil {
			b.Fatal(err)
		}
		made.ids = append(made.ids, out.Dialog.ID)
	}
	return made
}

// plan renames a client's dialog, to one of two names in turn.
func (m *bench) plan(client, n int) dialog.Plan {
	return dialog.Plan{
		ID: m.ids[client], Caller: dialog.Caller{User: "owner"}, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()),
		At: time.Now().UTC().Truncate(time.Millisecond), Name: dialog.Some(fmt.Sprint("name ", n%2)),
	}
}

// runStore updates with the store.
func (m *bench) runStore(b *testing.B) {
	b.Helper()
	m.run(b, func(ctx context.Context, c, n int) error {
		_, err := m.store.Update(ctx, m.plan(c, n))
		return err
	})
}

// runBare sends the same commands as the store, prepared in advance, and does not decode
// the answers.
func (m *bench) runBare(b *testing.B) {
	b.Helper()
	journal := true
	concern := &writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}
	dialogs := mongotest.Connect(b, m.uri).Collection("dialogs", options.Collection().SetWriteConcern(concern))
	before := options.FindOneAndUpdate().SetReturnDocument(options.Before).
		SetProjection(bson.D{{Key: "history", Value: 0}, {Key: "listed_for", Value: 0}})
	commands := make([][2][2]bson.D, m.clients)
	for c := range m.clients {
		for n := range 2 {
			filter, update, ok, err := mongo.Straight(m.plan(c, n))
			if err != nil || !ok {
				b.Fatalf("the plan is not one command: %v", err)
			}
			commands[c][n] = [2]bson.D{filter, update}
		}
	}
	var answer atomic.Int64
	m.run(b, func(ctx context.Context, c, n int) error {
		command := commands[c][n%2]
		raw, err := dialogs.FindOneAndUpdate(ctx, command[0], command[1], before).Raw()
		answer.Store(int64(len(raw)))
		return err
	})
	b.ReportMetric(float64(answer.Load()), "answer-B")
}

// run makes b.N calls by all clients at once.
func (m *bench) run(b *testing.B, call func(ctx context.Context, client, n int) error) {
	b.Helper()
	ctx := b.Context()
	var all sync.WaitGroup
	b.ResetTimer()
	before := cpuTime(b)
	for c := range m.clients {
		all.Go(func() {
			for n := c; n < b.N; n += m.clients {
				if err := call(ctx, c, n/m.clients); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "own-CPU-µs/op")
}

// cpuTime is that of this process, without the database's, so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
