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
	const events, most = 60, 6 // of 80 kB each
	c := servertest.NewCertificate(t, 1)
	for scheme, args := range map[string][]string{"http": nil, "https": {"--tls-cert", c.CertFile, "--tls-key", c.KeyFile}} {
		t.Run(scheme, func(t *testing.T) {
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
			stuck := connectSocket(t, s, servertest.WithToken(s.Token("stuck")))
			stuck.subscribe("1", fmt.Sprintf(`subscription { dialogChanged(id: %q, sinceVersion: 1) { dialog { %s } } }`, made.Dialog.ID, photos.String()))
			stuck.send(map[string]any{"type": "ping"})
			if kind, text := stuck.next(); kind != "pong" {
				t.Fatalf("got %s, want pong", text)
			}
			for i := range events {
				s.Must(owner, `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: { name: $name }) { replayed } }`,
					map[string]any{"id": made.Dialog.ID, "name": fmt.Sprint(i)})
			}
			s.Stderr.Await(t, `the client reads too slowly`)
			if sent, err := strconv.Atoi(s.Stderr.Await(t, `"events":(\d+)`)); err != nil || sent > most {
				t.Errorf("%d events were sent to a client that does not read (%v), want at most %d", sent, err, most)
			}
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
