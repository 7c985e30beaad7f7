package peers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The results of all tables.
type results struct {
	operations []result
	missing    []string // what this machine can't run
}

// markdown is the page.
func (all *results) markdown() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, r := range all.operations {
		fmt.Fprintf(&b, "\n**%s**\n\n| server | CPU per request | ratio | requests/s | p50 | p99 | half load: p50 | p99 | memory |\n| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n", r.title)
		for _, s := range r.servers {
			full, half, ratio := r.figures[s.name], r.half[s.name], r.ratio(s.name)
			cpu := µs(median(full, func(f figure) float64 { return float64(f.cpu) }))
			if database := median(full, func(f figure) float64 { return float64(f.database) }); database > 0 {
				cpu += " (PostgreSQL: " + µs(database) + ")"
			}
			fmt.Fprintf(&b, "| %s | %s | %.2f (%.2f to %.2f) | %.0f | %s | %s | %s | %s | %.0f MB |\n", s.name, cpu, ratio[1], ratio[0], ratio[2],
				median(full, func(f figure) float64 { return f.rate }),
				ms(median(full, func(f figure) float64 { return float64(f.p50) })), ms(median(full, func(f figure) float64 { return float64(f.p99) })),
				halfLoad(half, func(f figure) time.Duration { return f.p50 }), halfLoad(half, func(f figure) time.Duration { return f.p99 }),
				median(full, func(f figure) float64 { return float64(f.memory) / 1e6 }))
		}
	}
	fmt.Fprintf(&b, "\nMeasured in %d rounds of %s each, and %d rounds at half load, with %d connections, the load generator beside the servers. %s.\n", max(*rounds, 1), window(), halfRounds(), connections, machine())
	if slices.ContainsFunc(all.operations, func(r result) bool { return r.engine == mongoDB }) {
		fmt.Fprintf(&b, "\nMongoDB was %s.\n", mongoServer())
	}
	if len(all.missing) > 0 {
		fmt.Fprintf(&b, "\nNot run: %s.\n", strings.Join(all.missing, "; "))
	}
	return b.String()
}

const introduction = `# Beside other servers

` + "`make bench-peers`" + ` writes this page. It runs the same operations on this server and on GraphQL servers of the npm ecosystem, which have the same rules, versions, history and token checks. The servers take turns in every round. Every 64th answer is checked.

- **SQLite**: this server with its embedded store, and Apollo Server, GraphQL Yoga and Mercurius with better-sqlite3, on copies of one database with the same durability. PostGraphile has the same dialogs in PostgreSQL, with row-level security and functions, and checks the same session tokens; its CPU time is shown without and, in parentheses, that of PostgreSQL. The bare Go handler uses the embedded store without GraphQL, credentials, limits and a log.
- **MongoDB**: this server and the same three servers with the npm driver of MongoDB, each on its own database of one MongoDB server. A rename is one ` + "`findOneAndUpdate`" + ` in all of them. The CPU time of MongoDB is not included.

![CPU time per request of each server](peers.png)

CPU time is that of the server's process, per request. The ratio is the CPU time of Dialogs divided by that of the server in the row: the median of all rounds, with the least and the greatest in parentheses. At half load, each server gets half of the requests per second that it can answer, at even intervals; the times count from the moment at which a request was due.
`

func µs(ns float64) string { return fmt.Sprintf("%.0f µs", ns/float64(time.Microsecond)) }

// halfLoad is the median of a time at half load, if it was measured.
func halfLoad(half []figure, of func(figure) time.Duration) string {
	if len(half) == 0 {
		return "–"
	}
	return ms(median(half, func(f figure) float64 { return float64(of(f)) }))
}

func ms(ns float64) string { return fmt.Sprintf("%.1f ms", ns/float64(time.Millisecond)) }

// machine tells the versions and the machine.
func machine() string {
	versions := []string{runtime.Version()}
	if out, err := exec.Command("node", "--version").Output(); err == nil {
		versions = append(versions, "Node.js "+strings.TrimSpace(string(out)))
	}
	var list struct{ Dependencies map[string]string }
	if text, err := os.ReadFile("node/package.json"); err == nil && json.Unmarshal(text, &list) == nil {
		for _, name := range []string{"@apollo/server", "graphql-yoga", "mercurius", "graphql", "better-sqlite3", "mongodb", "postgraphile"} {
			versions = append(versions, name+" "+list.Dependencies[name])
		}
	}
	if bin, ok := postgresPrograms(); ok {
		if out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output(); err == nil {
			versions = append(versions, strings.TrimPrefix(strings.TrimSpace(string(out)), "postgres "))
		}
	}
	cpu := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			cpu, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%s. %s, %d cores, %s", strings.Join(versions, ", "), cpu, runtime.NumCPU(), runtime.GOOS)
}
