package mongo_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// database makes a new database on the server for tests.
func database(t testing.TB) storetest.Database {
	uri := mongotest.URI(t)
	return func(t testing.TB) dialog.Store { return open(t, uri, mongo.Options{}) }
}

func open(t testing.TB, uri string, o mongo.Options) dialog.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { storetest.Run(t, database) }

func closeStore(t testing.TB, s dialog.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("closing the store: %v", err)
	}
}
