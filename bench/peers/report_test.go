package peers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// markdown is the table of all results.
func markdown(servers []contender, results []result) string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, r := range results {
		fmt.Fprintf(&b, "\n**%s**\n\n| server | CPU per request | ratio | requests/s | p50 | p99 | half load: p50 | p99 | memory |\n| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n", r.operation)
		for _, s := range servers {
			all, half := r.figures[s.name], r.half[s.name]
			cpu := median(all, func(f figure) float64 { return float64(f.cpu) })
			ratio := r.ratio(s.name)
			fmt.Fprintf(&b, "| %s | %.0f µs | %.2f (%.2f to %.2f) | %.0f | %s | %s | %s | %s | %.0f MB |\n", s.name, cpu/1e3, ratio[1], ratio[0], ratio[2],
				median(all, func(f figure) float64 { return f.rate }),
				ms(median(all, func(f figure) float64 { return float64(f.p50) })), ms(median(all, func(f figure) float64 { return float64(f.p99) })),
				ms(float64(half.p50)), ms(float64(half.p99)),
				median(all, func(f figure) float64 { return float64(f.memory) / 1e6 }))
		}
	}
	fmt.Fprintf(&b, "\nMeasured in %d rounds of %s each, %d connections, the load generator beside the servers. %s.\n", *rounds, *during, connections, machine())
	b.WriteString(notRun)
	return b.String()
}

const introduction = `# Beside other servers

` + "`make bench-peers`" + ` writes this page. It runs the same operations on this server and on GraphQL servers of the npm ecosystem, which have the same rules, versions, history and token checks, on copies of one SQLite database with the same durability. The bare Go handler uses the embedded store without GraphQL, credentials, limits and a log. The servers take turns in every round. Every 64th answer is checked.

![CPU time per request of each server](peers.png)

CPU time is that of the server's process, per request. The ratio is the CPU time of Dialogs divided by that of the server in the row: the median of all rounds, with the least and the greatest in parentheses. At half load, each server gets half of the requests per second that it can answer.
`

const notRun = `
Not measured yet: PostGraphile, which needs PostgreSQL, and the npm driver of MongoDB, which needs a MongoDB server.
`

func ms(ns float64) string { return fmt.Sprintf("%.1f ms", ns/float64(time.Millisecond)) }

// machine tells the versions and the machine.
func machine() string {
	versions := []string{runtime.Version()}
	if out, err := exec.Command("node", "--version").Output(); err == nil {
		versions = append(versions, "Node.js "+strings.TrimSpace(string(out)))
	}
	var list struct{ Dependencies map[string]string }
	if text, err := os.ReadFile("node/package.json"); err == nil && json.Unmarshal(text, &list) == nil {
		for _, name := range []string{"@apollo/server", "graphql-yoga", "mercurius", "better-sqlite3", "graphql"} {
			versions = append(versions, name+" "+list.Dependencies[name])
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
