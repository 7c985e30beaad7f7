package e2e_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// soakPage is docs/soak.md, with the figures of a run.
func soakPage(runs []*soaking) string {
	var page strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&page, format+"\n", values...) }
	line("# Soak")
	line("")
	line("`make soak` keeps a server busy for an hour while everything around it fails, and writes this page. A shorter run is part of `make test-long`.")
	line("")
	line("## What runs")
	line("")
	line("Each store has its own server: the program as a process, over HTTPS, with a clock that the test can set. At the same time:")
	line("")
	line("- %d dialogs are changed, about %d times per second, alternately through GraphQL and the QuickBlox API. Each change sets the dialog's name to the next number, and adds or removes the user bob. A GraphQL change without an answer is repeated with its idempotency key. A QuickBlox change without an answer may have been made or not: the writer looks until the dialog has not changed for %v, because the database can be late.", soakDialogs, int(soakDialogs*time.Second/writePause), lateMost)
	line("- %d readers get dialogs and lists through both APIs: as the owner, as bob, with an API key and with a session token. Another client creates and deletes dialogs.", soakReaders)
	line("- %d clients follow the changes by WebSocket, event stream and `dialogChanges`, over connections that break at random. A webhook gets all changes.", len(runs[0].soak.followers))
	line("")
	line("The test checks every answer: the name must be a number between the last change acknowledged before the request and the last change sent before the answer, and bob must be a member if the number is even, and only then. Errors must be UNAVAILABLE, or UNAUTHENTICATED for a session token while the clock is set to a time before the token was created.")
	line("")
	line("At the end, each dialog must have the last change that was acknowledged, or the one whose answer was lost. Each client must have an exact copy, and must have received nothing twice or out of order. The webhook must have received every change, or a gap instead when it was more than 50 changes of a dialog behind. Goroutines and heap are measured while nobody is connected, after a garbage collection, as the lowest of several measurements: first after a quarter of the time, when each fault has happened, and again at the end. They may grow by %.0f%%.", 100*soakGrowth)
	line("")
	line("## Result")
	line("")
	line("%s, %d cores, %s. The load and both servers shared the machine.", runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), processor())
	line("")
	row(&page, runs, "", func(r *soaking) string { return r.engine })
	row(&page, runs, "---", func(*soaking) string { return "---" })
	row(&page, runs, "duration", func(r *soaking) string { return r.took.Round(time.Second).String() })
	row(&page, runs, "changes acknowledged", func(r *soaking) string { return fmt.Sprint(r.soak.changes.Load()) })
	row(&page, runs, "answers compared", func(r *soaking) string { return fmt.Sprint(r.soak.reads.Load()) })
	row(&page, runs, "deliveries to the webhook", func(r *soaking) string { return fmt.Sprint(r.deliveries) })
	row(&page, runs, "gaps told to the webhook", func(r *soaking) string { return fmt.Sprint(r.soak.gaps.Load()) })
	row(&page, runs, "changes lost, answers wrong", func(r *soaking) string { return fmt.Sprint(r.soak.wrongs.Load()) })
	row(&page, runs, "goroutines, before and after", func(r *soaking) string {
		return fmt.Sprintf("%d, %d", r.before.goroutines, r.after.goroutines)
	})
	row(&page, runs, "heap, before and after", func(r *soaking) string {
		return fmt.Sprintf("%.2f MB, %.2f MB (%+.1f%%)", megabytes(r.before.heap), megabytes(r.after.heap), 100*float64(r.after.heap-r.before.heap)/float64(r.before.heap))
	})
	line("")
	line("## Faults")
	line("")
	line("The table shows how often each fault happened, and how long after its end the slowest of the %d writers had its next change acknowledged. Each writer pauses for up to %v between changes, which is included.", soakDialogs, 2*writePause)
	line("")
	row(&page, runs, "fault | what happens", func(r *soaking) string { return r.engine })
	row(&page, runs, "--- | ---", func(*soaking) string { return "---" })
	for _, f := range append([]fault{serverKilled, logGone}, faults...) {
		what := f.what
		if f.name == "many connections" {
			what = fmt.Sprintf("%d %s", *soakConnections, what)
		}
		row(&page, runs, f.name+" | "+what, func(r *soaking) string {
			o := r.soak.outcomes[f.name]
			switch {
			case f.only != "" && f.only != r.engine:
				return "–"
			case o == nil:
				return "NOT RUN"
			}
			return fmt.Sprintf("%d ×, %v", o.times, o.slowest.Round(10*time.Millisecond))
		})
	}
	line("")
	line("## Errors")
	line("")
	line("These are the errors that the server answered because of the faults. `no answer` means that the connection ended because the server was killed.")
	line("")
	line("| store | answer | times |")
	line("| --- | --- | --- |")
	for _, r := range runs {
		for _, code := range r.soak.codes() {
			line("| %s | %s | %d |", r.engine, code, r.soak.errors[code])
		}
	}
	return page.String()
}

func row(page *strings.Builder, runs []*soaking, first string, of func(*soaking) string) {
	cells := []string{first}
	for _, r := range runs {
		cells = append(cells, of(r))
	}
	fmt.Fprintf(page, "| %s |\n", strings.Join(cells, " | "))
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// processor is the name of the machine's processor.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
