package mongo_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// These tests need features that the stand-in server does not have. Without a real server,
// they are skipped, and say so.

// Every read and update uses an index and does not sort, and the last page of a list costs
// as much as the first one.
func TestPlansUseIndexes(t *testing.T) {
	t.Parallel()
	uri := mongotest.Real(t, "explain")
	db := mongotest.Connect(t, uri)
	makeIndexes(t, db)
	s := open(t, uri, mongo.Options{Monitor: recorder()})
	t.Cleanup(func() { closeStore(t, s) })
	const dialogs = 2000
	base := time.Now().UTC().Truncate(time.Second)
	var batch []dialog.Dialog
	for i := range dialogs {
		at := base.Add(time.Duration(i/3) * time.Millisecond)
		d := dialog.Dialog{
			ID: dialog.ID(fmt.Sprintf("%024x", i+1)), Type: dialog.Group, Name: fmt.Sprint("name ", i%7), Owner: "me",
			Occupants: []dialog.UserID{"me", dialog.UserID(fmt.Sprint("u", i))}, CreatedAt: at, UpdatedAt: at, Version: 1,
		}
		if i%2 == 0 {
			d.Type, d.Occupants = dialog.PublicGroup, nil
		}
		batch = append(batch, d)
	}
	if err := s.Restore(t.Context(), batch); err != nil {
		t.Fatalf("filling: %v", err)
	}
	near, far := &batch[dialogs/2], &batch[dialogs-5]
	for _, user := range []dialog.UserID{"me", "u7", ""} {
		for _, scope := range []dialog.Scope{dialog.Mine, dialog.Public, dialog.Visible} {
			for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt, dialog.ByName} {
				for _, descending := range []bool{false, true} {
					q := dialog.Query{User: user, Scope: scope, Order: dialog.Order{Field: field, Descending: descending}, Limit: 20}
					at := func(d *dialog.Dialog) *dialog.Position { return &dialog.Position{Key: q.Order.Key(d), ID: d.ID} }
					for _, q.After = range []*dialog.Position{nil, at(near), at(far)} {
						for _, q.FromEnd = range []bool{false, true} {
							ctx, record := recorded(t.Context())
							if _, err := s.Dialogs(ctx, q); err != nil {
								t.Fatalf("listing: %v", err)
							}
							// The server reads one document more in each of the merged
							// ranges.
							checkPlan(t, db, fmt.Sprintf("%+v", q), record.commands[0], 5*(20+1))
						}
					}
				}
			}
		}
	}
	id := string(batch[1].ID)
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	for kind, call := range map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { _, err := s.Dialog(ctx, batch[1].ID, true); return err },
		"update": func(ctx context.Context) error {
			_, err := service.Update(ctx, dialog.Caller{User: "me"}, id, dialog.Change{
				Name: dialog.Some("x"), AddOccupants: []dialog.UserID{"new"}, IdempotencyKey: dialog.Some("k"),
			})
			return err
		},
	} {
		ctx, record := recorded(t.Context())
		if err := call(ctx); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		checkPlan(t, db, kind, record.commands[0], 1)
	}
}

// checkPlan asks the server how it executes a command.
func checkPlan(t *testing.T, db *driver.Database, what string, command bson.Raw, mostDocuments int64) {
	t.Helper()
	var explained bson.D
	elements, err := command.Elements()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range elements {
		switch e.Key() {
		case "lsid", "txnNumber", "$clusterTime", "$db", "$readPreference", "readConcern", "writeConcern", "maxTimeMS", "apiVersion":
		default:
			explained = append(explained, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	var answer bson.Raw
	explain := bson.D{{Key: "explain", Value: explained}, {Key: "verbosity", Value: "executionStats"}}
	if answer, err = db.RunCommand(t.Context(), explain).Raw(); err != nil {
		t.Fatalf("%s: explaining: %v", what, err)
	}
	stages := stagesOf(bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: answer.Lookup("queryPlanner", "winningPlan").Value})
	for _, bad := range []string{"COLLSCAN", "SORT"} {
		if slices.Contains(stages, bad) {
			t.Errorf("%s: the plan has a %s: %v", what, bad, stages)
		}
	}
	if n := answer.Lookup("executionStats", "totalDocsExamined").AsInt64(); n > mostDocuments {
		t.Errorf("%s: looks at %d documents, more than %d: %v", what, n, mostDocuments, stages)
	}
}

// stagesOf lists the stages of a plan, wherever they are nested.
func stagesOf(v bson.RawValue) []string {
	var list []string
	var elements []bson.RawElement
	switch v.Type {
	case bson.TypeEmbeddedDocument:
		elements, _ = v.Document().Elements()
	case bson.TypeArray:
		values, _ := v.Array().Values()
		for _, value := range values {
			list = append(list, stagesOf(value)...)
		}
	}
	for _, e := range elements {
		if e.Key() == "stage" {
			list = append(list, e.Value().StringValue())
		}
		list = append(list, stagesOf(e.Value())...)
	}
	return list
}

func TestStandaloneServer(t *testing.T) {
	uri := mongotest.Standalone(t)
	storetest.Run(t, func(testing.TB) storetest.Database {
		database := mongotest.InDatabase(uri, mongotest.NewName())
		return func(t testing.TB) dialog.Store { return open(t, database, mongo.Options{}) }
	})
}

func TestShardedCluster(t *testing.T) {
	mongotest.Sharded(t) // otherwise the whole test is skipped now
	storetest.Run(t, func(t testing.TB) storetest.Database {
		uri := mongotest.Sharded(t, "dialogs", "claims")
		return func(t testing.TB) dialog.Store { return open(t, uri, mongo.Options{}) }
	})
}

// When the primary steps down or is killed, nothing that was acknowledged is lost, and the
// store does not need a restart.
func TestPrimaryLost(t *testing.T) {
	t.Parallel()
	set := mongotest.StartSet(t, 3)
	store := open(t, set.URI(), mongo.Options{Timeout: 30 * time.Second})
	t.Cleanup(func() { closeStore(t, store) })
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	owner := dialog.Caller{User: "owner"}
	out, err := service.Create(t.Context(), owner, dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")})
	if err != nil {
		t.Fatalf("creating: %v", err)
	}
	id := out.Dialog.ID
	const writers, each = 4, 60
	var all sync.WaitGroup
	var mu sync.Mutex
	acknowledged := []dialog.UserID{"owner"}
	third := make(chan struct{}, writers*each)
	for w := range writers {
		all.Go(func() {
			for n := range each {
				user := dialog.UserID(fmt.Sprintf("w%d-%d", w, n))
				change := dialog.Change{AddOccupants: []dialog.UserID{user}, IdempotencyKey: dialog.Some(string(user))}
				_, err := service.Update(t.Context(), owner, string(id), change)
				for dialog.IsCode(err, dialog.Unavailable) { // safe to repeat, because it has a key
					_, err = service.Update(t.Context(), owner, string(id), change)
				}
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, user)
				mu.Unlock()
				third <- struct{}{}
			}
		})
	}
	wait := func(n int) {
		for range n {
			<-third
		}
	}
	wait(writers * each / 3)
	set.StepDown()
	wait(writers * each / 3)
	set.KillPrimary()
	all.Wait()
	d, err := store.Dialog(t.Context(), id, false)
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	slices.Sort(d.Occupants)
	slices.Sort(acknowledged)
	if !slices.Equal(d.Occupants, acknowledged) || d.Version != writers*each+1 {
		t.Errorf("%d occupants at version %d, want %d", len(d.Occupants), d.Version, len(acknowledged))
	}
}

// A tombstone that has expired is removed automatically.
func TestTombstonesGoByThemselves(t *testing.T) {
	t.Parallel()
	uri := mongotest.Real(t, "TTL indexes that clear away")
	db := mongotest.Connect(t, uri)
	makeIndexes(t, db)
	s := open(t, uri, mongo.Options{})
	t.Cleanup(func() { closeStore(t, s) })
	long := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * dialog.DefaultSyncKept)
	if err := s.Restore(t.Context(), []dialog.Dialog{{
		ID: "0123456789abcdef01234567", Type: dialog.Group, Name: "x", Owner: "o", Occupants: []dialog.UserID{"o"},
		CreatedAt: long, UpdatedAt: long, Version: 2, Deleted: true, ForgetAt: long.Add(dialog.DefaultSyncKept),
	}}); err != nil {
		t.Fatalf("restoring: %v", err)
	}
	again := time.NewTicker(time.Second) // the server removes expired documents once a minute
	defer again.Stop()
	for {
		n, err := db.Collection("dialogs").CountDocuments(t.Context(), bson.D{})
		if err != nil {
			t.Fatalf("counting: %v", err)
		}
		if n == 0 {
			return
		}
		<-again.C
	}
}
