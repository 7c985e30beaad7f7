package live_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

var (
	connections = flag.Int("connections", 0, "measure with this many idle connections, and a third of it as subscribers; 0 = only try whether everything works")
	report      = flag.String("report", "", "write the table into this Markdown file, between its marks")
)

func TestMain(m *testing.M) {
	if os.Getenv(probeURL) != "" {
		os.Exit(probing(os.Stdin, os.Stdout))
	}
	servertest.Main(m)
}

// A row is one line of the table.
type row struct{ what, figure, goal string }

// A load is what is measured, and how much of it.
type load struct {
	*testing.T
	idle, subscribers, stuck int
	away                     time.Duration // how long the store is away
	rate                     int           // changes per second, over all dialogs
	during                   time.Duration
	rows                     *[]row
}

// TestLive puts load on a server, and reports how it bears it. It is long; make
// bench-live runs all of it, and other runs only make sure that nothing is lost.
func TestLive(t *testing.T) {
	servertest.NeedUsage(t)
	if *connections == 0 {
		dialogtest.Long(t)
	}
	l := &load{T: t, idle: 30, subscribers: 20, rate: 20, during: time.Second, rows: &[]row{}}
	if *connections > 0 {
		l.idle, l.subscribers, l.stuck = *connections, max(1, *connections/3), 100
		l.rate, l.during, l.away = max(20, min(500, l.subscribers/10)), 10*time.Second, time.Minute
	}
	for _, part := range []struct {
		name    string
		measure func(*load)
		long    bool // shows nothing in a short run
	}{
		{"idle", (*load).waiting, false},
		{"spread", (*load).spread, false},
		{"crowd", (*load).crowd, false},
		{"storm", (*load).storm, false},
		{"stuck", (*load).blocked, true},
		{"instances", (*load).instances, false},
		{"away", (*load).storeAway, true},
	} {
		if part.long && *connections == 0 {
			continue
		}
		t.Run(part.name, func(t *testing.T) {
			one := *l
			one.T = t
			one.row("**"+part.name+"**", "", "%s", one.machine())
			part.measure(&one)
		})
		runtime.GC()
	}
	table := l.table()
	t.Log("\n" + table)
	if *report != "" {
		l.publish(*report, table)
	}
}

// The table is published between these lines.
const begins, ends = "<!-- the table of make bench-live -->\n\n", "\n<!-- end of the table -->\n"

// publish replaces the table in a document.
func (l *load) publish(path, table string) {
	text, err := os.ReadFile(path)
	if err != nil {
		l.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begins)
	_, after, ended := strings.Cut(rest, ends)
	if !found || !ended {
		l.Fatalf("%s has no place for the table", path)
	}
	if err := os.WriteFile(path, []byte(before+begins+table+ends+after), 0o600); err != nil { // it exists, and keeps its mode
		l.Fatal(err)
	}
}

func (l *load) row(what, goal, format string, values ...any) {
	figure := fmt.Sprintf(format, values...)
	*l.rows = append(*l.rows, row{what, figure, goal})
	l.Logf("%s: %s", what, figure)
}

// table is in Markdown.
func (l *load) table() string {
	var text strings.Builder
	text.WriteString("| what | measured | goal |\n| --- | --- | --- |\n")
	for _, r := range *l.rows {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", r.what, r.figure, r.goal)
	}
	return text.String()
}

// ownCPU is what the generator has taken so far.
func (l *load) ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		l.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// machine tells how busy the machine is beside what is measured.
func (l *load) machine() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		l.Fatal(err)
	}
	average, _, _ := strings.Cut(string(text), " ")
	return fmt.Sprintf("%d cores, load average %s", runtime.NumCPU(), average)
}

// A sample is durations that were measured.
type sample []time.Duration

// at is the duration that a share of the sample does not exceed.
func (s sample) at(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	n := int(math.Ceil(share*float64(len(s)))) - 1
	return sorted[max(0, n)]
}

func (s sample) String() string {
	return fmt.Sprintf("p50 %s, p99 %s", milliseconds(s.at(0.5)), milliseconds(s.at(0.99)))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000)
}
