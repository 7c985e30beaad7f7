package e2e_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// TestStoresLog makes the work that a store does in the background fail: the
// server's log says so.
func TestStoresLog(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		s := servertest.Start(t)
		if code := s.Stop(); code != 0 {
			t.Fatalf("the server ended with %d: %s", code, s.Stderr)
		}
		db, err := sql.Open("sqlite", filepath.Join(s.Store, "dialogs.db"))
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			"INSERT INTO ended_session (id, until) VALUES ('long ago', 1)",
			"CREATE TRIGGER keep BEFORE DELETE ON ended_session BEGIN SELECT RAISE(ABORT, 'it stays'); END",
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		servertest.StartAt(t, s.Store).Stderr.Await(t, `"level":"WARN","msg":"sweep failed, will retry".*it stays`)
	})
	t.Run("MongoDB", func(t *testing.T) {
		gateway := mongotest.NewGateway(t, mongotest.URI(t))
		gateway.React(func(command string) mongotest.Reaction {
			if command == "createIndexes" {
				return mongotest.Fail(13, "Unauthorized")
			}
			return mongotest.Pass()
		})
		s := servertest.StartWith(t, []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32)}, gateway.URI())
		s.Stderr.Await(t, `"level":"WARN","msg":"creating MongoDB indexes failed, will retry"`)
	})
}
