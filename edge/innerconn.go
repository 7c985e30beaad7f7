package edge

import (
	"errors"
	"syscall"
)

// What net/http and WebSockets need of the connection inside, beyond [net.Conn].

// CloseWrite closes the sending side of the connection and still accepts what the client
// sends. net/http calls it after a refusal in the middle of a body: otherwise the client
// would get a reset instead of the answer.
func (c *connection) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// SyscallConn allows a WebSocket to wait for its client without a buffer.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	raw, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return raw.SyscallConn()
}

// SetWriteBuffer limits how many bytes the operating system buffers for a client that does
// not read its stream.
func (c *connection) SetWriteBuffer(bytes int) error {
	buffered, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return buffered.SetWriteBuffer(bytes)
}
