//go:build unix

package graph

import "syscall"

// readable tells whether there is something to read from a file, or its end, without
// reading it.
func readable(fd uintptr) bool {
	var next [1]byte
	_, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK) // it never blocks: the runtime polls its files
	return err != syscall.EAGAIN && err != syscall.EINTR
}
