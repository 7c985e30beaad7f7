//go:build unix

package graph

import (
	"syscall"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// arrived reports whether something can be read from a connection, or whether it was
// closed, without reading it. It reads the answer to a ping that comes alone.
func arrived(fd uintptr) (some, pong bool) {
	const header = 6 // of a frame that is masked and empty
	var next [header + 1]byte
	n, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK) // it never blocks: the runtime polls its files
	if n == header && next[0] == 0x80|byte(ws.OpPong) && next[1] == 0x80 {
		_, _, err = syscall.Recvfrom(int(fd), next[:header], 0)
		pong = err == nil
		// The system tells only once what has arrived together, such as the end after it.
		_, _, err = syscall.Recvfrom(int(fd), next[:1], syscall.MSG_PEEK)
	}
	return err != syscall.EAGAIN && err != syscall.EINTR, pong
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
