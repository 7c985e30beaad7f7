package mongo_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/event"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

func TestURIsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ reason, uri, want string }{
		{"no database", "mongodb://host", "the database name is missing"},
		{"no database behind the slash", "mongodb://host/?w=1", "the database name is missing"},
		{"no database of a cluster", "mongodb://u:s3cret@h1:1,h2:2/?replicaSet=x", "the database name is missing"},
		{"another scheme", "postgres://u:s3cret@host/db", "must start with"},
		{"a name with a dot", "mongodb://u:s3cret@host/a.b", "does not allow this database name"},
		{"a name with a broken escape", "mongodb://u:s3cret@host/%zz", "invalid escape in the database name"},
		{"a password with a slash", "mongodb://u:s3cret/more@host/db", "does not allow this database name"},
		{"a password with a broken escape", "mongodb://u:s3cret%zz@host/db", ""},
		{"two passwords", "mongodb://u:s3cret:more@host/db", ""},
		{"an option of the wrong kind", "mongodb://u:s3cret@host/db?maxPoolSize=s3cret", ""},
		{"no host", "mongodb:///db", ""},
	} {
		s, err := mongo.Open(t.Context(), test.uri, mongo.Options{})
		if err == nil {
			t.Errorf("%s: %s is taken", test.reason, test.uri)
			closeStore(t, s)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error must say %q and no password: %v", test.reason, test.want, err)
		}
	}
}

// Acknowledged writes are durable and reads are current, whatever the URI says.
func TestConcernsHoldWhateverTheURISays(t *testing.T) {
	t.Parallel()
	uri := mongotest.URI(t)
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	s := open(t, uri+separator+"w=1&journal=false&readPreference=secondaryPreferred", mongo.Options{Monitor: recorder()})
	t.Cleanup(func() { closeStore(t, s) })
	for name, call := range calls(s) {
		ctx, record := recorded(t.Context())
		_ = call(ctx) // its result does not matter here
		for i, command := range record.commands {
			switch record.names[i] {
			case "find", "aggregate":
				if level := command.Lookup("readConcern", "level"); level.StringValue() != "majority" {
					t.Errorf("%s: %s reads with %s", name, record.names[i], command.Lookup("readConcern"))
				}
			case "insert", "update", "delete", "findAndModify":
				w, journal := command.Lookup("writeConcern", "w"), command.Lookup("writeConcern", "j")
				if text, _ := w.StringValueOK(); text != "majority" || !journal.Boolean() {
					t.Errorf("%s: %s writes with %s", name, record.names[i], command.Lookup("writeConcern"))
				}
			}
			if mode, err := command.LookupErr("$readPreference", "mode"); err == nil && !strings.HasPrefix(mode.StringValue(), "primary") {
				t.Errorf("%s: %s goes to %s", name, record.names[i], mode)
			}
		}
	}
}

// The history, which is the larger part of a dialog, is only read when it is asked for.
// listed_for is never read.
func TestWhatIsReadOfADialog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.create(dialog.Group)
	for _, test := range []struct {
		reason  string
		call    func(ctx context.Context) error
		history bool
	}{
		{"a dialog", func(ctx context.Context) error { _, err := f.store.Dialog(ctx, id, false); return err }, false},
		{"a dialog with its history", func(ctx context.Context) error { _, err := f.store.Dialog(ctx, id, true); return err }, true},
		{"a page", func(ctx context.Context) error {
			_, err := f.store.Dialogs(ctx, dialog.Query{Scope: dialog.Mine, Limit: 1})
			return err
		}, false},
		{"an update", func(ctx context.Context) error {
			_, err := f.service.Update(ctx, dialog.Caller{User: "owner"}, string(id), dialog.Change{
				Name: dialog.Some("new"), IdempotencyKey: dialog.Some("k"),
			})
			return err
		}, false},
	} {
		ctx, record := recorded(t.Context())
		if err := test.call(ctx); err != nil {
			t.Fatalf("%s: %v", test.reason, err)
		}
		fields, err := record.commands[0].LookupErr("projection")
		if err != nil {
			fields = record.commands[0].Lookup("fields") // its name in findAndModify
		}
		for name, want := range map[string]bool{"history": test.history, "listed_for": false} {
			if _, err := fields.Document().LookupErr(name); (err != nil) != want {
				t.Errorf("%s: reads %s: %v, want %v", test.reason, name, err != nil, want)
			}
		}
	}
}

// The limit of connections is respected: with a limit of one, all commands use the same
// connection.
func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	var connections sync.Map
	monitor := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		connections.Store(e.ConnectionID, true)
	}}
	s := open(t, mongotest.URI(t), mongo.Options{MaxPool: 1, Monitor: monitor})
	t.Cleanup(func() { closeStore(t, s) })
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	connections.Range(func(_, _ any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
