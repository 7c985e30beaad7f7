package graph

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	// readBuffer is what receiving takes while a client sends. Longer messages go past it.
	readBuffer = 1 << 10
	// systemBuffer is what the system keeps for a client that does not read, which
	// Linux doubles. By default it is up to 4 MB, so that many such clients would take
	// the memory of all connections, and would be noticed late.
	systemBuffer = 64 << 10
)

// A wire sends and receives the frames of one WebSocket. While nothing is sent or
// received it has no buffers. One goroutine may receive; any may send.
type wire struct {
	conn net.Conn
	// raw tells whether there is something to read; nil if only reading tells, as
	// with TLS.
	raw syscall.RawConn
	// below is the connection of the system; nil if there is none.
	below syscall.RawConn
	// early is what was already read, such as what the client sent right after the upgrade
	// request; nil if there is nothing.
	early *bytes.Reader
	*wires
	// pinged means that the latest ping has not been answered.
	pinged atomic.Bool

	writing sync.Mutex
	// failed is why nothing more is sent, after a frame of which perhaps only a part was.
	// The mutex guards it.
	failed error
	// hurried means that the client does not get more time than hurry for anything.
	hurried atomic.Bool
}

// hurry is how long a client may take to read, and to answer a close frame, once the server
// is stopping.
const hurry = 2 * time.Second

// wires are the buffers that all connections share.
type wires struct{ receiving, sending sync.Pool }

func newWires() *wires {
	return &wires{
		receiving: sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }},
		sending:   sync.Pool{New: func() any { return new([]byte) }},
	}
}

func (w *wires) wire(conn net.Conn, early []byte) *wire {
	made := &wire{conn: conn, wires: w}
	made.below = limitBuffer(conn)
	if len(early) > 0 {
		made.early = bytes.NewReader(bytes.Clone(early))
	}
	if c, ok := conn.(syscall.Conn); ok {
		made.raw, _ = c.SyscallConn() // without it, waiting takes more memory
	}
	return made
}

// limitBuffer limits what the system keeps for the client, and returns the connection of
// the system.
func limitBuffer(conn net.Conn) syscall.RawConn {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = secure.NetConn()
	}
	if buffered, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = buffered.SetWriteBuffer(systemBuffer) // without it, a stuck client is noticed later
	}
	below, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := below.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// hasRoom tells whether the operating system takes a short message without waiting.
func (w *wire) hasRoom() (room bool) {
	if w.below == nil {
		return false
	}
	err := w.below.Control(func(fd uintptr) { room = writable(fd) })
	return err == nil && room
}

// await waits until there is something to read, if it can. It needs little stack, so
// that a goroutine that waits stays small. It reads the answers to pings itself.
func (w *wire) await() error {
	if w.raw == nil || w.early != nil {
		return nil
	}
	return w.raw.Read(func(fd uintptr) bool {
		some, pong, begun := arrived(fd)
		if pong {
			w.pinged.Store(false)
		}
		if len(begun) > 0 {
			w.early = bytes.NewReader(begun)
		}
		return some
	})
}

// A receiver gets what a client sends. It returns false to end that.
type receiver interface {
	message(text bool, body io.Reader) (goesOn bool)
	control(op ws.OpCode, payload []byte) (goesOn bool)
}

// errEnded ends what is received.
var errEnded = errors.New("ended by the receiver")

// receive passes on what has begun to arrive. It returns nil when there is no more yet;
// an error in the client's frames is a [ws.ProtocolError].
func (w *wire) receive(to receiver) error {
	buffer, _ := w.receiving.Get().(*bufio.Reader)
	defer func() {
		buffer.Reset(nil)
		w.receiving.Put(buffer)
	}()
	buffer.Reset(w.conn)
	if w.early != nil {
		buffer.Reset(io.MultiReader(w.early, w.conn))
	}
	frames := wsutil.Reader{Source: buffer, State: ws.StateServerSide}
	frames.OnIntermediate = func(h ws.Header, body io.Reader) error { return control(h, body, to) }
	for {
		h, err := frames.NextFrame()
		if err != nil {
			return err
		}
		if h.OpCode.IsControl() {
			err = control(h, &frames, to)
		} else if !to.message(h.OpCode == ws.OpText, &frames) {
			err = errEnded
		}
		if err == nil {
			err = frames.Discard() // what the receiver did not read
		}
		if err != nil {
			return err
		}
		if buffer.Buffered() == 0 && (w.early == nil || w.early.Len() == 0) {
			w.early = nil
			return nil
		}
	}
}

func control(h ws.Header, body io.Reader, to receiver) error {
	payload := make([]byte, h.Length) // at most 125
	if _, err := io.ReadFull(body, payload); err != nil {
		return err
	}
	if !to.control(h.OpCode, payload) {
		return errEnded
	}
	return nil
}

// send sends a frame that consists of these parts. A client that does not take it in time
// is an error, after which nothing more is sent: the rest of a frame would be taken from
// the next one. waits is called before sending may have to wait; nil for nothing.
func (w *wire) send(op ws.OpCode, within time.Duration, waits func(), parts ...[]byte) error {
	if !w.writing.TryLock() {
		if waits != nil {
			waits()
			waits = nil
		}
		w.writing.Lock()
	}
	defer w.writing.Unlock()
	return w.write(op, within, waits, parts)
}

// pingAtOnce sends a ping, if that needs no waiting.
func (w *wire) pingAtOnce() (sent bool) {
	if w.raw == nil || !w.writing.TryLock() {
		return false
	}
	defer w.writing.Unlock()
	rest := ws.CompiledPing
	err := w.raw.Control(func(fd uintptr) {
		if w.failed == nil {
			rest = rest[writeNow(fd, rest):]
		}
	})
	if 0 < len(rest) && len(rest) < len(ws.CompiledPing) {
		w.failed = io.ErrShortWrite
	}
	return err == nil && len(rest) == 0
}

// sendSoon is send, unless something is being sent: then it is not sent.
func (w *wire) sendSoon(op ws.OpCode, within time.Duration) (sent bool, err error) {
	if !w.writing.TryLock() {
		return false, nil
	}
	defer w.writing.Unlock()
	return true, w.write(op, within, nil, nil)
}

// hasten gives the client less time, also for what is being sent.
func (w *wire) hasten() {
	w.hurried.Store(true)
	_ = w.conn.SetWriteDeadline(time.Now().Add(hurry)) // a connection that ends needs none
}

func (w *wire) write(op ws.OpCode, within time.Duration, waits func(), parts [][]byte) error {
	if w.failed == nil {
		w.failed = w.writeFrame(op, within, waits, parts)
	}
	return w.failed
}

func (w *wire) writeFrame(op ws.OpCode, within time.Duration, waits func(), parts [][]byte) error {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	frame, _ := w.sending.Get().(*[]byte)
	defer w.sending.Put(frame)
	*frame = appendHeader((*frame)[:0], op, length)
	if length <= placeBytes { // longer ones are not copied
		for _, part := range parts {
			*frame = append(*frame, part...)
		}
		parts = nil
	} else if waits != nil {
		waits()
		waits = nil
	}
	rest := *frame
	if w.raw != nil && len(parts) == 0 {
		if err := w.raw.Control(func(fd uintptr) { rest = rest[writeNow(fd, rest):] }); err != nil {
			return err
		}
		if len(rest) == 0 {
			return nil
		}
	}
	if waits != nil && (w.raw != nil || !w.hasRoom()) {
		waits()
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if w.hurried.Load() && within > hurry { // checked afterwards, so that hasten is never undone
		_ = w.conn.SetWriteDeadline(time.Now().Add(hurry))
	}
	var waiting net.Buffers
	for _, part := range append([][]byte{rest}, parts...) {
		if len(part) > 0 {
			waiting = append(waiting, part)
		}
	}
	_, err := waiting.WriteTo(w.conn)
	return err
}

// appendHeader appends the header of a frame that is a whole message.
func appendHeader(to []byte, op ws.OpCode, length int) []byte {
	const final, short, long = 0x80, 126, 127
	to = append(to, final|byte(op))
	switch {
	case length < short:
		return append(to, byte(length)) //nolint:gosec // it is short
	case length <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, short), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(to, long), uint64(length))
}
