package edge_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialogs/edge"
	"dialogs/servertest"
)

// TestCertificate replaces the files and moves the clock: the files are checked once a
// second, and an invalid pair leaves the previous certificate in use.
func TestCertificate(t *testing.T) {
	files := servertest.NewCertificate(t, 1)
	var lines bytes.Buffer
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	c, err := edge.ReadCertificate(files.CertFile, files.KeyFile, func() time.Time { return now }, slog.New(slog.NewTextHandler(&lines, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serves := func(reason string, want int64) {
		t.Helper()
		pair, err := c.TLS().GetCertificate(nil)
		if err != nil {
			t.Fatalf("%s: %v", reason, err)
		}
		if got := pair.Leaf.SerialNumber.Int64(); got != want {
			t.Errorf("%s: got certificate %d, want %d", reason, got, want)
		}
	}
	serves("the first", 1)
	files.Renew(t, 22)
	serves("a look before the second is over", 1)
	now = now.Add(time.Second)
	serves("a look after it", 22)
	servertest.Replace(t, files.CertFile, []byte("nonsense"))
	now = now.Add(time.Second)
	serves("nonsense", 22)
	now = now.Add(time.Second)
	serves("nonsense again", 22)
	if got := strings.Count(lines.String(), "certificate not reloaded"); got != 1 {
		t.Errorf("the log says %d times that a file is unusable, want once: %s", got, lines.String())
	}
	files.Renew(t, 333)
	now = now.Add(-time.Hour)
	serves("a clock that was set back", 333)
	files.Renew(t, 4)
	if err := c.Reload(); err != nil {
		t.Error(err)
	}
	serves("told to look", 4)
	if err := os.Remove(files.KeyFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	serves("no key", 4)
}

func TestUnusableCertificate(t *testing.T) {
	good, other := servertest.NewCertificate(t, 1), servertest.NewCertificate(t, 2)
	missing := filepath.Join(t.TempDir(), "missing")
	for reason, files := range map[string][2]string{
		"no certificate":  {missing, good.KeyFile},
		"no key":          {good.CertFile, missing},
		"a key of others": {good.CertFile, other.KeyFile},
		"swapped":         {good.KeyFile, good.CertFile},
	} {
		if _, err := edge.ReadCertificate(files[0], files[1], time.Now, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: no error", reason)
		}
	}
}
