package graph

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// TestEndAfterPong: clients answer a ping and end the connection before the server has
// read the answer. The server notices the end at once.
func TestEndAfterPong(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	pong := ws.MustCompileFrame(ws.MaskFrameWith(ws.NewPongFrame(nil), [4]byte{1, 2, 3, 4}))
	var wires []*wire
	for range 20 { // it depends on what the runtime does meanwhile
		client, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := client.Write(pong); err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		wires = append(wires, newWires().wire(conn, nil))
	}
	time.Sleep(100 * time.Millisecond) // until the runtime knows of both
	for _, w := range wires {
		if err := w.conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := w.await(); err != nil {
			t.Fatalf("waiting for the end: %v", err)
		}
	}
}

// TestNothingAfterHalfAFrame: when a client has taken only a part of a frame in time, the
// next frame is not sent. The client would take it for the rest of the first one.
func TestNothingAfterHalfAFrame(t *testing.T) {
	t.Parallel()
	conn, client := net.Pipe()
	defer func() { _ = client.Close() }()
	w := newWires().wire(conn, nil)
	first := make(chan error, 1)
	go func() { first <- w.send(ws.OpText, 50*time.Millisecond, nil, []byte("a message")) }()
	if _, err := io.ReadFull(client, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err == nil {
		t.Fatal("a message was sent that was not read")
	}
	second := make(chan error, 1)
	go func() {
		second <- w.send(ws.OpPing, time.Second, nil)
		_ = conn.Close()
	}()
	if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
		t.Errorf("after the half frame comes %q, %v", rest, err)
	}
	if err := <-second; err == nil {
		t.Error("no error says that the second frame was not sent")
	}
}

// TestSendingWaits: a short message to a client that reads is sent at once. Otherwise, the
// sender is told before it may have to wait.
func TestSendingWaits(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	w := newWires().wire(conn, nil)
	told := 0
	waits := func() { told++ }
	head, body := []byte("a message"), []byte(" of two parts")
	if err := w.send(ws.OpText, time.Second, waits, head, body); err != nil || told > 0 {
		t.Fatalf("a short message: %v, and it waits %d times", err, told)
	}
	got := make([]byte, 2+len(head)+len(body))
	if _, err := io.ReadFull(client, got); err != nil || string(got[2:]) != string(head)+string(body) {
		t.Fatalf("got %q, %v", got, err)
	}
	if err := w.send(ws.OpText, time.Second, waits, make([]byte, placeBytes+1)); err != nil || told != 1 {
		t.Errorf("a long message: %v, and it waits %d times, want once", err, told)
	}
	for err == nil {
		told = 0
		err = w.send(ws.OpText, 50*time.Millisecond, waits, make([]byte, placeBytes))
	}
	if told != 1 {
		t.Errorf("to a client that does not read, a message waits %d times, want once", told)
	}
	w.writing.Lock()
	busy := make(chan struct{})
	go func() { _ = w.send(ws.OpText, time.Second, func() { close(busy) }, head) }()
	<-busy
	w.writing.Unlock()
}
