package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/store"
)

func TestKindOf(t *testing.T) {
	for _, test := range []struct {
		address string
		want    store.Kind
	}{
		{"", store.Unknown},
		{"./data", store.Embedded},
		{"/var/lib/dialogs", store.Embedded},
		{"C:\\data", store.Embedded},
		{"mongodb", store.Embedded},
		{"./a:b", store.Embedded},
		{"d:/data", store.Embedded},
		{"mongodb:/one-slash", store.Unknown},
		{"mongodb:user:secret@host/db", store.Unknown},
		{"localhost:27017", store.Unknown},
		{"file:data", store.Unknown},
		{"mongodb://host/db", store.MongoDB},
		{"mongodb+srv://user:secret@host/db", store.MongoDB},
		{"MONGODB://host/db", store.Unknown},
		{"postgres://host/db", store.Unknown},
		{"file:///data", store.Unknown},
		{"://", store.Unknown},
	} {
		if got := store.KindOf(test.address); got != test.want {
			t.Errorf("KindOf(%q) = %v, want %v", test.address, got, test.want)
		}
	}
}

func TestUnknownAddress(t *testing.T) {
	const address = "postgres://user:secret@host/db"
	_, opening := store.Open(t.Context(), address, store.Options{})
	_, looking := store.Exists(address)
	_, locking := store.Lock(address)
	for name, err := range map[string]error{"Open": opening, "Exists": looking, "Lock": locking, "MayCreate": store.MayCreate(address)} {
		switch {
		case err == nil:
			t.Errorf("%s accepted an address of no engine", name)
		case strings.Contains(err.Error(), "secret"):
			t.Errorf("%s shows the password: %v", name, err)
		}
	}
}

// TestEmbedded goes through the life of a directory: Exists creates nothing,
// Lock creates an empty store and allows one holder at a time.
func TestEmbedded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	exists := func(want bool) {
		t.Helper()
		if got, err := store.Exists(dir); got != want || err != nil {
			t.Errorf("Exists = %v, %v; want %v", got, err, want)
		}
	}
	exists(false)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Exists left something behind: %v", err)
	}
	unlock, err := store.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	exists(true)
	if _, err := store.Lock(dir); err == nil {
		t.Error("the directory was locked twice")
	}
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	exists(true)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	unlock, err = store.Lock(dir)
	if err != nil {
		t.Fatalf("locking after an unlock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}

// TestMongoDB needs no server: any number of servers share a database, and
// whether one answers shows at the first call only.
func TestMongoDB(t *testing.T) {
	const address = "mongodb://127.0.0.1:1/db"
	if exists, err := store.Exists(address); !exists || err != nil {
		t.Errorf("Exists = %v, %v; want true", exists, err)
	}
	for range 2 {
		unlock, err := store.Lock(address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unlock() }()
	}
}
