//go:build unix

package graph

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readable reports whether something can be read from a connection, or whether it was
// closed, without reading it.
func readable(fd uintptr) bool {
	var next [1]byte
	_, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK) // it never blocks: the runtime polls its files
	return err != syscall.EAGAIN && err != syscall.EINTR
}

// writable reports whether the operating system's send buffer has room. On Linux, that
// means that a third of the buffer is free.
func writable(fd uintptr) bool {
	files := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}} //nolint:gosec // descriptors are small
	n, err := unix.Poll(files[:], 0)
	return err == nil && n == 1 && files[0].Revents&unix.POLLOUT != 0
}
