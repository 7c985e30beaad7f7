package peers_test

import (
	"crypto/rand"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/servertest"
)

var (
	rounds     = flag.Int("rounds", 0, "measure in this many rounds; 0 = only try whether everything works")
	during     = flag.Duration("during", 2*time.Second, "how long a server is measured in each round of an operation")
	report     = flag.String("report", "", "write the tables to this file, and the chart beside it with the endings .svg and .png")
	largest    = flag.Int("dialogs", math.MaxInt, "leave out data sets with more dialogs")
	baseBinary = flag.String("base", "", "compare with this binary of an earlier version instead, and fail when the CPU time per request grew by more than 10%")
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(floorDir); dir != "" {
		fmt.Fprintln(os.Stderr, serveFloor(dir))
		os.Exit(1)
	}
	servertest.Main(m)
}

// A table is a data set, and the operations that are measured on it.
type table struct {
	dialogs    int
	members    []member
	operations []operation
}

var tables = []table{
	{1_000, []member{{"alice", 1}}, []operation{get("alice", 1_000), rename("alice", 1_000), list("list of 20, in 1,000 of 1,000", "alice")}},
	{100_000, []member{{"bob", 2_000}, {"carol", 100}, {"dave", 10}}, []operation{
		list("list of 20, in 50 of 100,000", "bob"), list("list of 20, in 1,000 of 100,000", "carol"), list("list of 20, in 10,000 of 100,000", "dave"),
	}},
}

// TestPeers measures all servers. It is long; make bench-peers runs all of it, and other
// runs only try out whether each server answers correctly.
func TestPeers(t *testing.T) {
	servertest.NeedUsage(t)
	servers := contenders(t)
	if *rounds == 0 {
		*rounds, *during, *largest = 1, 20*time.Millisecond, 1000
	}
	work := slices.DeleteFunc(slices.Clone(tables), func(d table) bool { return d.dialogs > *largest })
	var results []result
	for _, table := range work {
		results = append(results, table.measure(t, servers)...)
	}
	text := markdown(servers, results)
	t.Log("\n" + text)
	if *baseBinary != "" {
		guard(t, results)
	}
	if *report == "" {
		return
	}
	if err := os.WriteFile(*report, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	drawing, name := chart(servers, results), strings.TrimSuffix(*report, ".md")
	if err := os.WriteFile(name+".svg", []byte(drawing), 0o600); err != nil {
		t.Fatal(err)
	}
	photograph(t, drawing, name+".png")
}

// tokenOf is a session token that all servers accept.
func tokenOf(tb testing.TB, user string) string {
	tb.Helper()
	minter, err := auth.NewMinter([][]byte{[]byte(secret)}, time.Now, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	token, _, err := minter.Mint(dialog.UserID(user), 4*time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}
