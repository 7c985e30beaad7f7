package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestStuckReaderTakesLittle: what the system keeps for a client that does not read is
// limited, so that it is cut off soon, and many of them don't take the memory of others.
func TestStuckReaderTakesLittle(t *testing.T) {
	t.Parallel()
	const events, most = 60, 6 // of 80 kB each
	c := servertest.NewCertificate(t, 1)
	for scheme, args := range map[string][]string{"http": nil, "https": {"--tls-cert", c.CertFile, "--tls-key", c.KeyFile}} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s := servertest.Start(t, append([]string{"--write-timeout", "1s", "--rate-limit", "0"}, args...)...)
			s.Client = &http.Client{Transport: &http.Transport{
				DialContext: dialNarrow, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			}}
			owner := servertest.WithToken(s.Token("owner"))
			var made struct{ Dialog struct{ ID string } }
			servertest.Decode(t, s.Must(owner, `mutation($photo: String!) { createDialog(input: { type: PUBLIC_GROUP, name: "Lunch", photo: $photo }) { dialog { id } } }`,
				map[string]any{"photo": strings.Repeat("p", 2000)}).Data["createDialog"], &made)
			var photos strings.Builder
			for i := range 40 {
				fmt.Fprintf(&photos, "a%d: photo ", i)
			}
			stuck := servertest.WithToken(s.Token("stuck"))
			query := fmt.Sprintf(`subscription { dialogChanged(id: %q, sinceVersion: 1) { dialog { %s } } }`, made.Dialog.ID, photos.String())
			socket := connectSocket(t, s, stuck)
			socket.subscribe("1", query)
			socket.send(map[string]any{"type": "ping"})
			if kind, text := socket.next(); kind != "pong" {
				t.Fatalf("got %s, want pong", text)
			}
			askEvents(t, s, stuck, query)
			for i := range events {
				s.Must(owner, `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: { name: $name }) { replayed } }`,
					map[string]any{"id": made.Dialog.ID, "name": fmt.Sprint(i)})
			}
			// The line of a WebSocket's operation has no reason, which is its connection's.
			for what, line := range map[string]string{
				"a WebSocket":     `"msg":"operation finished"[^\n]*"events":(\d+)`,
				"an event stream": `"msg":"request finished"[^\n]*"events":(\d+)[^\n]*`,
			} {
				if sent, err := strconv.Atoi(s.Stderr.Await(t, line)); err != nil || sent > most {
					t.Errorf("%s: %d events were sent to a client that does not read (%v), want at most %d", what, sent, err, most)
				}
			}
			s.Stderr.Await(t, `"close_code":1006[^\n]*"reason":"the client reads too slowly"`)
			s.Stderr.Await(t, `"msg":"request finished"[^\n]*"reason":"the client reads too slowly"[^\n]*"events":\d+`)
		})
	}
}

// dialNarrow connects with a small buffer.
func dialNarrow(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	return conn, err
}
