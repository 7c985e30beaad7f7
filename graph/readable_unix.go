//go:build unix

package graph

import (
	"bytes"
	"syscall"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// arrived reports whether something can be read from a connection, or whether it was
// closed. It reads answers to pings that come alone; begun is what it has read of
// something else.
func arrived(fd uintptr) (some, pong bool, begun []byte) {
	const header = 6 // of a frame that is masked and empty
	var next [header + 1]byte
	for {
		n, err := syscall.Read(int(fd), next[:]) // it never blocks: the runtime polls its files
		switch {
		case err == syscall.EAGAIN, err == syscall.EINTR:
			return false, pong, nil
		case err != nil, n == 0: // who reads again learns why
			return true, pong, nil
		case n != header || next[0] != 0x80|byte(ws.OpPong) || next[1] != 0x80:
			return true, pong, bytes.Clone(next[:n])
		}
		pong = true // the system tells only once what has arrived together, such as the end after it
	}
}

// writeNow writes as much as the operating system takes without waiting, and returns how
// much that is. What fails is not written: who writes the rest learns why.
func writeNow(fd uintptr, b []byte) int {
	n, err := syscall.Write(int(fd), b)
	if err != nil {
		return 0
	}
	return n
}

// writable reports whether the operating system's send buffer has room. On Linux, that
// means that a third of the buffer is free.
func writable(fd uintptr) bool {
	files := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}} //nolint:gosec // descriptors are small
	n, err := unix.Poll(files[:], 0)
	return err == nil && n == 1 && files[0].Revents&unix.POLLOUT != 0
}
