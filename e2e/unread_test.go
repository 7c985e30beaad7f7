package e2e_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestCompressedAnswersUnread: compressing an answer takes a megabyte for as long as
// its client takes to read it, however small the answer is.
func TestCompressedAnswersUnread(t *testing.T) {
	servertest.NeedUsage(t)
	p := servertest.Spawn(t, "--rate-limit", "0", "--quota-occupants-per-hour", "0")
	h := servertest.WithToken(p.Token("mallory"))
	ids := make([]string, 900)
	for i := range ids {
		text := make([]byte, 64) // which hardly compresses
		if _, err := rand.Read(text); err != nil {
			t.Fatal(err)
		}
		ids[i] = hex.EncodeToString(text)
	}
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(t, p.Must(h, makeGroup, map[string]any{"ids": ids}).Data["createDialog"], &made)
	before := p.Usage()
	request := fmt.Sprintf("GET /chat/Dialog/%s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n%s: %s\r\n\r\n", made.Dialog.ID, h[0], h[1])
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(4096)
			}
			_, _ = conn.Write([]byte(request))
			if _, err := conn.Read(make([]byte, 100)); err != nil { // the answer has begun
				t.Error(err)
			}
		})
	}
	all.Wait()
	after := p.Usage()
	taken := (after.PeakMemory - before.Memory) / megabyte
	t.Logf("%d MB", taken)
	if taken > 100 {
		t.Errorf("took %d MB of memory, want at most 100", taken)
	}
}
