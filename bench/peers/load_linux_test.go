package peers_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// run sends requests on all connections, and returns how long each took. With a rate,
// the time of a request begins when it was due, even if no connection was free then: a
// slow answer delays the requests after it.
func (l *load) run() (times []time.Duration, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its settings
		// The clients of a real server have processors of their own. Without the right to
		// do this, the load has to wait for the server in the same way for all servers.
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -10)
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(time.Microsecond), 0, 0, 0)
		times, err = l.send()
	}()
	<-done
	return times, err
}

func (l *load) send() ([]time.Duration, error) {
	defer func() {
		for _, c := range l.clients {
			_ = unix.Close(c.fd)
		}
	}()
	polls := make([]unix.PollFd, connections)
	for i := range connections {
		c := l.newClient(i)
		var err error
		if c.fd, err = connect(l.address); err != nil {
			return nil, err
		}
		l.clients, l.idle = append(l.clients, c), append(l.idle, c)
		polls[i] = unix.PollFd{Fd: int32(c.fd), Events: unix.POLLIN}
	}
	l.times = make([]time.Duration, 0, 1<<17)
	var left unix.Timespec
	begin := time.Now()
	for n := 0; ; {
		now := time.Since(begin)
		var wait *unix.Timespec // nil waits for an answer
		for len(l.idle) > 0 {
			due := now
			if l.rate > 0 {
				due = time.Duration(float64(n) / l.rate * float64(time.Second))
			}
			if due >= l.during {
				break
			}
			if due > now {
				left = unix.NsecToTimespec(int64(due - now))
				wait = &left
				break
			}
			n++
			if err := l.idle[0].send(due); err != nil {
				return nil, err
			}
			l.idle = l.idle[:copy(l.idle, l.idle[1:])]
		}
		if wait == nil && len(l.idle) == connections {
			return l.times, nil
		}
		if _, err := unix.Ppoll(polls, wait, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return nil, err
		}
		for i, p := range polls {
			if p.Revents == 0 {
				continue
			}
			if err := l.clients[i].receive(begin); err != nil {
				return nil, err
			}
		}
	}
}

func connect(address string) (int, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetNonblock(fd, true),
	)
	return fd, err
}

func (c *client) send(due time.Duration) error {
	c.due = due
	message := c.next()
	n, err := unix.Write(c.fd, message)
	if err == nil && n < len(message) {
		err = io.ErrShortWrite
	}
	return err
}

// receive reads what there is.
func (c *client) receive(begin time.Time) error {
	c.received = slices.Grow(c.received, 4<<10)
	n, err := unix.Read(c.fd, c.received[len(c.received):cap(c.received)])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return err
	case n == 0:
		return fmt.Errorf("the server closed a connection after %s", c.received)
	}
	c.received = c.received[:len(c.received)+n]
	now := time.Since(begin)
	done, err := c.answered()
	if err != nil || !done {
		return err
	}
	l := c.load
	if c.due >= l.skip {
		l.times = append(l.times, now-c.due)
	}
	l.idle = append(l.idle, c)
	return nil
}
