package peers_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// connections is how many clients a server has, each on a connection of its own.
const connections = 32

// checkedEvery is how many answers there are for each that is read and compared: a
// server that answers with errors must not win.
const checkedEvery = 64

// A load is what the clients of one server send, and what came of it.
type load struct {
	address string
	op      *operation
	token   string
	rate    float64 // requests per second of all clients together; 0 = as many as possible
	during  time.Duration
}

// run sends requests on all connections, and returns how long each took.
func (l *load) run() ([]time.Duration, error) {
	var all sync.WaitGroup
	times, errs := make([][]time.Duration, connections), make([]error, connections)
	end := time.Now().Add(l.during)
	for i := range connections {
		all.Go(func() { times[i], errs[i] = l.client(i, end) })
	}
	all.Wait()
	return slices.Concat(times...), errors.Join(errs...)
}

// client sends one request after the other. With a rate, it keeps to a timetable, and a
// request that starts late has waited since its time: a slow answer delays those after it.
func (l *load) client(number int, end time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	var times []time.Duration
	random := rand.New(rand.NewPCG(uint64(number), 1))
	reader, body := bufio.NewReaderSize(conn, 64<<10), &bytes.Buffer{}
	due := time.Now()
	step := time.Duration(0)
	if l.rate > 0 {
		step = time.Duration(connections / l.rate * float64(time.Second))
		due = due.Add(time.Duration(random.Float64() * float64(step)))
	}
	for n := 0; ; n++ {
		if l.rate > 0 {
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		if n > 0 && !due.Before(end) {
			return times, nil
		}
		variables, want := l.op.make(random, number, n)
		if err := l.send(conn, reader, body, variables); err != nil {
			return nil, err
		}
		times = append(times, time.Since(due))
		if n%checkedEvery == 0 {
			if err := l.op.check(body.Bytes(), want); err != nil {
				return nil, err
			}
		}
		due = due.Add(step)
	}
}

// send sends a request and reads the answer. It takes less CPU than net/http, which the
// server on the same machine needs.
func (l *load) send(conn net.Conn, reader *bufio.Reader, body *bytes.Buffer, variables string) error {
	content := fmt.Sprintf(`{"query":%q,"variables":%s}`, l.op.query, variables)
	request := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nQB-Token: %s\r\nUser: %s\r\nContent-Length: %d\r\n\r\n%s",
		l.address, l.token, l.op.user, len(content), content)
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	status, err := reader.ReadString('\n')
	if err != nil {
		return err
	}
	header, err := textproto.NewReader(reader).ReadMIMEHeader()
	if err != nil {
		return err
	}
	body.Reset()
	if header.Get("Transfer-Encoding") == "chunked" {
		err = readChunks(reader, body)
	} else {
		var length int64
		if length, err = strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
			_, err = io.CopyN(body, reader, length)
		}
	}
	if err == nil && !strings.HasPrefix(status, "HTTP/1.1 200") {
		err = fmt.Errorf("%s: %s", status, body)
	}
	return err
}

func readChunks(reader *bufio.Reader, body *bytes.Buffer) error {
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err
		}
		length, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(body, reader, length); err != nil {
			return err
		}
		if _, err := reader.ReadString('\n'); err != nil || length == 0 {
			return err
		}
	}
}
