//go:build unix

package graph

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readable tells whether there is something to read from a file, or its end, without
// reading it.
func readable(fd uintptr) bool {
	var next [1]byte
	_, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK) // it never blocks: the runtime polls its files
	return err != syscall.EAGAIN && err != syscall.EINTR
}

// writable tells whether the system has room for what is written. Linux says so while a
// third of the buffer is free.
func writable(fd uintptr) bool {
	files := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}} //nolint:gosec // descriptors are small
	n, err := unix.Poll(files[:], 0)
	return err == nil && n == 1 && files[0].Revents&unix.POLLOUT != 0
}
