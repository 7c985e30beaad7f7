package mongotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// guard runs a mongod until the guard's own standard input is closed, and prints a
// line when it has started. It removes a temporary folder afterwards.
const guard = `
"$1" --dbpath "$2" --port "$3" $5 --bind_ip 127.0.0.1 --nounixsocket --logpath /dev/null >/dev/null </dev/null &
pid=$!
echo started
cat >/dev/null
kill -9 $pid
wait $pid
[ -z "$4" ] || rm -rf "$2"
`

// startMongod starts a replica set of one member.
func startMongod(path, dir string, port int) (*process, error) {
	set := []member{{path: path, dir: dir, port: port}}
	all, err := startSet(set)
	if err != nil {
		for _, p := range all {
			_ = p.kill()
		}
		return nil, err
	}
	return all[0], nil
}

// A member is one mongod, standalone or in a replica set.
type member struct {
	path, dir string
	port      int
	alone     bool
}

// startSet starts a replica set and waits until it has a primary. After an error
// it returns the processes that it has started.
func startSet(set []member) ([]*process, error) {
	var all []*process
	var members bson.A
	for i, m := range set {
		p, err := m.start()
		if err != nil {
			return all, err
		}
		all = append(all, p)
		members = append(members, bson.D{{Key: "_id", Value: i}, {Key: "host", Value: p.address()}})
	}
	config := bson.D{{Key: "_id", Value: "test"}, {Key: "members", Value: members}}
	return all, initiate(all[0], config)
}

func (p *process) address() string { return "127.0.0.1:" + strconv.Itoa(p.port) }

func (m member) start() (*process, error) {
	temporary := ""
	var err error
	if m.dir == "" {
		if m.dir, err = os.MkdirTemp("", "mongotest-*"); err != nil {
			return nil, err
		}
		temporary = "temporary"
	}
	if m.port == 0 {
		if m.port, err = freePort(); err != nil {
			return nil, err
		}
	}
	set, query := "--replSet test", "?replicaSet=test"
	if m.alone {
		set, query = "", ""
	}
	cmd := exec.Command("sh", "-c", guard, "guard", m.path, m.dir, strconv.Itoa(m.port), temporary, set)
	p, _, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	p.port, p.guarded, p.durable = m.port, true, true
	p.uri = fmt.Sprintf("mongodb://%s/%s", p.address(), query)
	return p, nil
}

// initiate makes the running servers a replica set, unless they already are one,
// and waits until it has a primary.
func initiate(p *process, config bson.D) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + p.address() + "/?directConnection=true"))
	if err != nil {
		return err
	}
	defer func() { _ = client.Disconnect(ctx) }()
	const alreadyInitialized = 23
	admin := client.Database("admin")
	err = admin.RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: config}}).Err()
	var command mongo.CommandError
	if err != nil && (!errors.As(err, &command) || command.Code != alreadyInitialized) {
		return fmt.Errorf("initiating the replica set: %w", err)
	}
	for {
		var hello struct {
			Primary string `bson:"primary"`
		}
		err := admin.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
		if err == nil && hello.Primary != "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for a primary: %w", errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
