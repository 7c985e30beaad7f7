package mongotest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Reaction is what a gateway does with a command.
type Reaction struct {
	// Reply answers instead of the database; nil to pass the command on.
	Reply bson.D
	// Close closes the connection instead of answering.
	Close bool
	// Silent never answers.
	Silent bool
}

// Pass passes a command on to the database.
func Pass() Reaction { return Reaction{} }

// Fail answers a command with an error code.
func Fail(code int, name string) Reaction {
	return Reaction{Reply: bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: "the gateway says " + name}, {Key: "code", Value: code}, {Key: "codeName", Value: name}}}
}

// A Gateway sits between clients and a MongoDB, and reacts to each command as
// set. What the driver asks to learn about the server, and ping, always gets
// through: a gateway can answer that without its database.
type Gateway struct {
	t        testing.TB
	listener net.Listener
	upstream string
	uri      string

	mu    sync.Mutex
	react func(command string) Reaction
	conns map[net.Conn]struct{}
	all   sync.WaitGroup
}

// NewGateway starts a gateway to the server of a URI, which must name one host.
func NewGateway(t testing.TB, uri string) *Gateway {
	t.Helper()
	before, database, after := split(uri)
	host := strings.TrimSuffix(before[strings.LastIndexAny(before[:len(before)-1], "/@")+1:], "/")
	if strings.Contains(host, ",") {
		t.Skipf("NOT RUN: %s: needs a MongoDB with one host in its URI", t.Name())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	separator := "?"
	if after != "" {
		separator = "&"
	}
	g := &Gateway{
		t: t, listener: listener, upstream: host,
		// Otherwise the driver would go to the addresses that the set tells it.
		uri:   strings.Replace(before, host, listener.Addr().String(), 1) + database + strings.ReplaceAll(after, "replicaSet=", "appName=") + separator + "directConnection=true",
		react: func(string) Reaction { return Pass() },
		conns: map[net.Conn]struct{}{},
	}
	g.all.Go(g.accept)
	t.Cleanup(g.close)
	return g
}

// URI is the address of the database behind the gateway.
func (g *Gateway) URI() string { return g.uri }

// Address is the host and port of the gateway.
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// React sets the reaction to every command from now on.
func (g *Gateway) React(react func(command string) Reaction) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.react = react
}

// Hangup closes all connections. New ones are accepted.
func (g *Gateway) Hangup() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

func (g *Gateway) close() {
	_ = g.listener.Close()
	g.Hangup()
	g.all.Wait()
}

func (g *Gateway) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.keep(client)
		g.all.Go(func() {
			defer g.drop(client)
			if err := g.serve(client); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				g.t.Logf("gateway: %v", err) // a connection that was cut, mostly
			}
		})
	}
}

func (g *Gateway) keep(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = struct{}{}
}

func (g *Gateway) drop(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
	_ = conn.Close()
}

// serve passes the messages of one client on, one after another: the driver
// has one request at a time on a connection.
func (g *Gateway) serve(client net.Conn) error {
	server, err := net.Dial("tcp", g.upstream)
	if err != nil {
		return err
	}
	g.keep(server)
	defer g.drop(server)
	for {
		message, err := readMessage(client)
		if err != nil {
			return err
		}
		reaction := g.reactionTo(commandOf(message))
		switch {
		case reaction.Close:
			return nil
		case reaction.Silent:
			continue
		case reaction.Reply != nil:
			if message, err = replyTo(message, reaction.Reply); err != nil {
				return err
			}
		default:
			if _, err := server.Write(message); err != nil {
				return err
			}
			if message, err = readMessage(server); err != nil {
				return err
			}
		}
		if _, err := client.Write(message); err != nil {
			return err
		}
	}
}

func (g *Gateway) reactionTo(command string) Reaction {
	switch command {
	case "", "ping", "hello", "ismaster", "isMaster", "buildInfo", "endSessions":
		return Pass()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.react(command)
}

// The wire protocol: a message is its length, its id, the id that it answers
// and an opcode, each in four bytes, and a body. That of a command begins with
// four bytes of flags and a zero byte, and then the command.
const (
	headerBytes  = 16
	commandBytes = headerBytes + 5
	opCommand    = 2013
	longest      = 48 << 20
)

func readMessage(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n < headerBytes || n > longest {
		return nil, errors.New("not a message of the wire protocol")
	}
	message := make([]byte, n)
	copy(message, length[:])
	_, err := io.ReadFull(r, message[4:])
	return message, err
}

// commandOf is the name of a message's command; empty for an older kind of
// message, which only asks about the server.
func commandOf(message []byte) string {
	if binary.LittleEndian.Uint32(message[12:]) != opCommand || len(message) < commandBytes {
		return ""
	}
	elements, err := bson.Raw(message[commandBytes:]).Elements()
	if err != nil || len(elements) == 0 {
		return ""
	}
	return elements[0].Key()
}

func replyTo(message []byte, body bson.D) ([]byte, error) {
	document, err := bson.Marshal(body)
	if err != nil {
		return nil, err
	}
	reply := make([]byte, commandBytes, commandBytes+len(document))
	reply = append(reply, document...)
	binary.LittleEndian.PutUint32(reply, uint32(len(reply)))
	copy(reply[8:12], message[4:8])
	binary.LittleEndian.PutUint32(reply[12:], opCommand)
	return reply, nil
}
