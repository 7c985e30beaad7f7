package peers_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// connections is how many connections a server has at the same time.
const connections = 32

// checkedEvery is how many answers there are for each that is read and compared: a
// server that answers with errors must not win.
const checkedEvery = 64

// A load is what the clients of one server send, and what came of it.
//
// The server shares its processors with the load, so one thread serves all connections,
// and allocates nothing while it does. Timers of the Go runtime only fire every
// millisecond when nothing else happens, so requests would be late and in bursts.
type load struct {
	address string
	query   string
	op      *operation
	token   string
	rate    float64 // requests per second at even intervals; 0 = as many as possible
	during  time.Duration
	skip    time.Duration // requests of this long at the beginning do not count

	clients []*client
	idle    []*client // those without a request, in the order in which they were used
	times   []time.Duration
}

// A client sends one request after the other on its connection.
type client struct {
	load     *load
	fd       int
	random   *rand.Rand
	request  request
	due      time.Duration // when the request should have been sent
	head     []byte        // the request up to its length
	content  []byte        // begins with the query
	query    int           // the length of that
	message  []byte
	received []byte
}

func (l *load) newClient(number int) *client {
	c := &client{load: l, random: rand.New(rand.NewPCG(uint64(number), 1))}
	c.request.client = number
	c.head = fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nQB-Token: %s\r\nUser: %s\r\nContent-Length: ",
		l.address, l.token, l.op.user)
	c.content = fmt.Appendf(nil, `{"query":%q,"variables":`, l.query)
	c.query = len(c.content)
	c.message = make([]byte, 0, 4<<10)
	c.received = make([]byte, 0, 64<<10)
	return c
}

// next makes the client's next request.
func (c *client) next() []byte {
	c.request.n++
	c.request.dialog = c.random.IntN(c.load.op.dialogs)
	c.content = append(c.load.op.appendVariables(c.content[:c.query], c.request), '}')
	c.message = strconv.AppendInt(append(c.message[:0], c.head...), int64(len(c.content)), 10)
	c.message = append(append(c.message, "\r\n\r\n"...), c.content...)
	c.received = c.received[:0]
	return c.message
}

// answered reports whether the whole answer is there, and checks some of them.
func (c *client) answered() (bool, error) {
	end := bytes.Index(c.received, []byte("\r\n\r\n"))
	if end < 0 {
		return false, nil
	}
	status, rest := c.received[:end], c.received[end+4:]
	length, chunked := -1, false
	for head := status; len(head) > 0; {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length = number(value, 10)
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if chunked {
		length = unchunk(nil, rest)
	}
	if length < 0 && !chunked {
		return false, fmt.Errorf("an answer without a length: %s", c.received)
	}
	if length < 0 || !chunked && len(rest) < length {
		return false, nil
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	if ok && c.request.n%checkedEvery != 1 {
		return true, nil
	}
	body := rest
	if chunked {
		body = make([]byte, length)
		unchunk(body, rest)
	}
	if !ok {
		return true, fmt.Errorf("%s: %s", status, body)
	}
	return true, c.load.op.check(body, c.request)
}

// unchunk copies the content of chunks and returns its length, or -1 if the last one is
// not there yet.
func unchunk(to, chunks []byte) int {
	total := 0
	for {
		size, rest, ok := bytes.Cut(chunks, []byte("\r\n"))
		length := number(size, 16)
		if !ok || length < 0 || len(rest) < length+2 {
			return -1
		}
		if length == 0 {
			return total
		}
		if to != nil {
			copy(to[total:], rest[:length])
		}
		total += length
		chunks = rest[length+2:]
	}
}

// number reads digits, or returns -1. Unlike strconv, it needs no string.
func number(digits []byte, base int) int {
	n := 0
	for _, digit := range digits {
		value := strings.IndexByte("0123456789abcdefABCDEF", digit)
		if value >= 16 {
			value -= 6
		}
		if value < 0 || value >= base {
			return -1
		}
		n = n*base + value
	}
	if len(digits) == 0 {
		return -1
	}
	return n
}
