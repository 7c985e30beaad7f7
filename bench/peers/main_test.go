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
	during     = flag.Duration("during", 1500*time.Millisecond, "how long a server is measured in each round of an operation")
	report     = flag.String("report", "", "write the tables to this file, and the chart beside it with the endings .svg and .png")
	largest    = flag.Int("dialogs", math.MaxInt, "leave out data sets with more dialogs")
	engines    = flag.String("engines", strings.Join([]string{embedded, postgreSQL, mongoDB}, ","), "measure with these databases; postgresql is PostGraphile beside the servers with sqlite")
	baseBinary = flag.String("base", "", "compare with this binary of an earlier version instead, and fail when the CPU time per request grew by more than 10%")
)

func trying() bool { return *rounds == 0 }

// window is how long a server is measured.
func window() time.Duration {
	if trying() {
		return 20 * time.Millisecond
	}
	return *during
}

// wanted are the engines of the flag.
func wanted() []string {
	if *baseBinary != "" || trying() {
		return []string{embedded}
	}
	return strings.Split(*engines, ",")
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(floorDir); dir != "" {
		fmt.Fprintln(os.Stderr, serveFloor(dir))
		os.Exit(1)
	}
	servertest.Main(m)
}

// A table is a data set on an engine, and the operations that are measured on it.
type table struct {
	engine     string
	data       data
	operations []operation
}

var tables = []table{
	{embedded, data{dialogs: 1_000, members: []member{{"alice", 1}}}, []operation{
		get("alice", 1_000), rename("alice", 1_000), list("list of 20, in 1,000 of 1,000", "alice"),
	}},
	{embedded, data{dialogs: 100_000, members: []member{{"bob", 2_000}, {"carol", 100}, {"dave", 10}}}, []operation{
		list("list of 20, in 50 of 100,000", "bob"), list("list of 20, in 1,000 of 100,000", "carol"), list("list of 20, in 10,000 of 100,000", "dave"),
	}},
	{mongoDB, data{dialogs: 1_000, members: []member{{"alice", 1}}}, []operation{
		get("alice", 1_000), rename("alice", 1_000), list("list of 20, in 1,000 of 1,000", "alice"),
	}},
}

// TestPeers measures all servers. It is long; make bench-peers runs all of it, and other
// runs only try out whether each server answers correctly.
func TestPeers(t *testing.T) {
	servertest.NeedUsage(t)
	var r results
	for _, table := range tables {
		if table.data.dialogs > *largest || trying() && table.data.dialogs > 1_000 || !slices.Contains(wanted(), table.engine) {
			continue
		}
		name := fmt.Sprintf("%s/%d", table.engine, table.data.dialogs)
		before := len(r.operations)
		t.Run(name, func(t *testing.T) {
			servers, missing := contenders(t, table.engine)
			for _, what := range missing {
				t.Logf("NOT RUN: %s", what)
			}
			r.missing = slices.Compact(append(r.missing, missing...))
			r.operations = append(r.operations, table.measure(t, servers)...)
		})
		if len(r.operations) == before {
			r.missing = append(r.missing, name+", see the log")
		}
	}
	text := r.markdown()
	t.Log("\n" + text)
	if *baseBinary != "" {
		guard(t, r.operations)
	}
	if *report == "" || len(r.operations) == 0 {
		return
	}
	if err := os.WriteFile(*report, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	drawing, name := r.chart(), strings.TrimSuffix(*report, ".md")
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
