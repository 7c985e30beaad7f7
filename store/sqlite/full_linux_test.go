package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/sqlite"
)

// TestFullDisk fills a small disk. A probe notices it even while commits find room,
// every call is done or Unavailable, and all is well when there is room again.
func TestFullDisk(t *testing.T) {
	disk := dialogtest.Disk(t, 0, "size=4m")
	s := open(t, filepath.Join(disk, "data"), sqlite.Options{})
	defer closing(t, s)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	_ = f.Close() // the disk is full
	if err := s.Ping(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("probing a full disk: %v, want Unavailable", err)
	}
	failed := 0
	var done []string
	for n := 0; failed < 10 && n < 10_000; n++ {
		name := fmt.Sprint("key", n)
		switch err := s.AddAPIKey(t.Context(), dialog.APIKey{Name: name, CreatedAt: time.UnixMilli(0)}); {
		case err == nil:
			done = append(done, name)
		case dialog.IsCode(err, dialog.Unavailable):
			failed++
		default:
			t.Fatalf("writing to a full disk: %v, want Unavailable", err)
		}
	}
	if failed == 0 {
		t.Error("a full disk takes any number of changes")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("probing a disk that has room again: %v", err)
	}
	keys, err := s.APIKeys(t.Context())
	if err != nil || len(keys) != len(done) {
		t.Errorf("got %d keys, %v; %d were acknowledged", len(keys), err, len(done))
	}
}
