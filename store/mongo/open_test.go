package mongo_test

import (
	"strings"
	"testing"

	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

func TestURIsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ reason, uri, want string }{
		{"no database", "mongodb://host", "must name the database"},
		{"no database behind the slash", "mongodb://host/?w=1", "must name the database"},
		{"no database of a cluster", "mongodb://u:s3cret@h1:1,h2:2/?replicaSet=x", "must name the database"},
		{"another scheme", "postgres://u:s3cret@host/db", "must begin with"},
		{"a name with a dot", "mongodb://u:s3cret@host/a.b", "does not take"},
		{"a name with a broken escape", "mongodb://u:s3cret@host/%zz", "broken database name"},
		{"a password with a slash", "mongodb://u:s3cret/more@host/db", "does not take"},
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

// What makes an acknowledged write durable and a read current holds whatever
// the URI says.
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
		_ = call(ctx) // what comes of it is others' concern
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
