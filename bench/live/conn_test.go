package live_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/gobwas/ws"
)

// A conn is the client's end of a WebSocket. It does as little as possible: thousands of
// them share the CPUs with the server that is measured.
type conn struct {
	net.Conn
	in      *bufio.Reader
	payload []byte // of the latest message

	writing sync.Mutex
}

// closed is the close frame with which the server has ended a connection.
type closed struct {
	code   ws.StatusCode
	reason string
}

func (c closed) Error() string { return fmt.Sprintf("closed with %d %s", c.code, c.reason) }

// dial opens a WebSocket. window limits what the kernel receives for a client that does
// not read; 0 for the usual.
func dial(ctx context.Context, url string, window int) (*conn, error) {
	dialer := ws.Dialer{ReadBufferSize: 512, WriteBufferSize: 1024, Protocols: []string{"graphql-transport-ws"}}
	dialer.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
		made, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := made.(*net.TCPConn); ok && window > 0 {
			err = tcp.SetReadBuffer(window)
		}
		return made, err
	}
	made, early, _, err := dialer.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/graphql")
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: made, in: bufio.NewReaderSize(made, 512)}
	if early != nil {
		c.in = early // which keeps its buffer
	}
	return c, nil
}

func (c *conn) close() { _ = c.Close() }

func (c *conn) write(op ws.OpCode, payload []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	frame, err := ws.CompileFrame(ws.MaskFrameInPlace(ws.NewFrame(op, true, payload))) // to write it at once
	if err != nil {
		return err
	}
	_, err = c.Write(frame)
	return err
}

// read returns the next message, which is valid until the next call. It answers pings.
func (c *conn) read() ([]byte, error) {
	for {
		h, err := ws.ReadHeader(c.in)
		if err != nil {
			return nil, err
		}
		if !h.Fin || h.Masked {
			return nil, errors.New("the server sent a frame that is masked or a part of a message")
		}
		c.payload = append(c.payload[:0], make([]byte, h.Length)...)
		if _, err := io.ReadFull(c.in, c.payload); err != nil {
			return nil, err
		}
		switch h.OpCode {
		case ws.OpText:
			return c.payload, nil
		case ws.OpPing:
			if err := c.write(ws.OpPong, c.payload); err != nil {
				return nil, err
			}
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(c.payload)
			return nil, closed{code, reason}
		default:
			return nil, fmt.Errorf("the server sent a frame of kind %d", h.OpCode)
		}
	}
}
