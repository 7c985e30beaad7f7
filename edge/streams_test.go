package edge

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
)

// TestStreamsCount: streams of HTTP/2 take the room of connections.
func TestStreamsCount(t *testing.T) {
	for _, test := range []struct {
		reason           string
		most, perAddress int
		streams          int // how many streams fit
		want             string
	}{
		{"the first stream needs no room beside its connection", 1, 1, 1, "--max-connections-per-address"},
		{"streams count for their address", 10, 3, 3, "--max-connections-per-address"},
		{"streams count in all", 3, 10, 3, "--max-connections"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			all := &Connections{
				Most: test.most, MostPerAddress: test.perAddress, Log: slog.New(slog.DiscardHandler), perHome: map[netip.Prefix]int{},
			}
			client, server := net.Pipe()
			defer func() { _ = client.Close() }()
			conn, refused := all.admit(addressed{server})
			if refused != "" {
				t.Fatal(refused)
			}
			for n := range test.streams {
				if setting := conn.begins(true); setting != "" {
					t.Fatalf("stream %d is refused by %s", n+1, setting)
				}
			}
			if setting := conn.begins(true); setting != test.want {
				t.Errorf("one too many: got %q, want %q", setting, test.want)
			}
			conn.ends()
			if setting := conn.begins(true); setting != "" {
				t.Errorf("after one has ended: refused by %s", setting)
			}
			_ = conn.Close()
			for range test.streams {
				conn.ends()
			}
			if all.open != 0 || all.streams != 0 || len(all.perHome) != 0 {
				t.Errorf("left: %d connections, %d streams, %v", all.open, all.streams, all.perHome)
			}
		})
	}
}

// An addressed is a connection with any address.
type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
