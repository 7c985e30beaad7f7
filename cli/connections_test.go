package cli

import (
	"log/slog"
	"testing"
)

// TestMostConnections chooses how many connections there may be: those with TLS take more
// memory.
func TestMostConnections(t *testing.T) {
	for _, test := range []struct {
		reason string
		s      settings
		most   int
	}{
		{"by default", settings{}, mostConnections},
		{"with TLS", settings{tlsCert: "cert.pem"}, mostWithTLS},
		{"as set", settings{maxConnections: 20, tlsCert: "cert.pem"}, 20},
	} {
		t.Run(test.reason, func(t *testing.T) {
			c, err := test.s.connections(slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			want := test.most
			if files, limited := openFiles(); limited {
				want = min(want, files-test.s.filesBeside())
			}
			if c.Most != want || c.MostPerAddress != want/2 {
				t.Errorf("got %d connections and %d of an address, want %d and %d", c.Most, c.MostPerAddress, want, want/2)
			}
		})
	}
}
