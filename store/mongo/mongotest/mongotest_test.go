package mongotest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/store/mongo/mongotest"
)

// holder makes TestHold start a server.
const holder = "MONGOTEST_HOLDER"

// TestHold is the part of TestNoServerOutlivesItsTests that runs in another test
// binary: it starts a server, prints its address, and waits to be killed.
func TestHold(t *testing.T) {
	if os.Getenv(holder) == "" {
		return
	}
	fmt.Println("at", mongotest.URI(t))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestURIsAreApart(t *testing.T) {
	t.Parallel()
	one, two := mongotest.URI(t), mongotest.URI(t)
	if one == two {
		t.Fatalf("two databases have the address %s", one)
	}
	insert(t, one)
	for uri, want := range map[string]int64{one: 1, two: 0} {
		n, err := mongotest.Connect(t, uri).Collection("c").CountDocuments(t.Context(), bson.D{})
		if err != nil || n != want {
			t.Errorf("documents at %s: %d, %v, want %d", uri, n, err, want)
		}
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	server := mongotest.Start(t)
	insert(t, server.URI())
	before := server.URI()
	server.Kill()
	server.Restart()
	if server.URI() != before {
		t.Errorf("the address changed from %s to %s", before, server.URI())
	}
	want := int64(0)
	if server.Durable() {
		want = 1
	}
	n, err := mongotest.Connect(t, server.URI()).Collection("c").CountDocuments(t.Context(), bson.D{})
	if err != nil || n != want {
		t.Errorf("documents after a restart: %d, %v, want %d", n, err, want)
	}
}

// A killed test binary must leave no server behind.
func TestNoServerOutlivesItsTests(t *testing.T) {
	t.Parallel()
	mongotest.URI(t) // skips without a server
	if os.Getenv("MONGODB_URI") != "" {
		return // no server was started
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), holder+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(stdout); address == "" && lines.Scan(); {
		if uri, ok := strings.CutPrefix(lines.Text(), "at "); ok {
			address = regexp.MustCompile(`[0-9.]+:[0-9]+`).FindString(uri)
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("the server is not running: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	// The server closes the connection when it ends.
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
		t.Errorf("the server at %s outlived its tests", address)
	}
	_ = conn.Close()
}

func insert(t *testing.T, uri string) {
	t.Helper()
	if _, err := mongotest.Connect(t, uri).Collection("c").InsertOne(t.Context(), bson.D{{Key: "a", Value: 1}}); err != nil {
		t.Fatalf("inserting: %v", err)
	}
}
