package peers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// postGraphile asks by the functions of schema.sql.
var postGraphile = queries{
	`query($id: String!) { dialog: dialogOf(id: $id) { id: rowId type name ownerId occupantIds version updatedAt viewerCanRename } }`,
	`mutation($id: String!, $name: String!) { updateDialog: renameDialog(input: {id: $id, name: $name}) { dialog: result { id: rowId name version } } }`,
	`query { dialogs: ownDialogs(first: 20) { nodes { id: rowId type name ownerId occupantIds version updatedAt } pageInfo { hasNextPage } } }`,
}

// postgresPrograms is the directory with the programs of PostgreSQL, which Debian does
// not put on PATH.
func postgresPrograms() (string, bool) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil { // to where the others are
			return filepath.Dir(path), true
		}
	}
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(all) == 0 {
		return "", false
	}
	return filepath.Dir(all[len(all)-1]), true
}

// A postgres is a PostgreSQL server with its own settings' defaults, so each commit is
// durable. It listens on a socket in its directory.
type postgres struct {
	bin, dir string
	as       []string // runs a command as another user: PostgreSQL does not run as root
	pid      int
}

// guard runs the server until the guard's standard input is closed, also because the
// test binary was killed.
const guardPostgres = `
"$@" >/dev/null </dev/null &
pid=$!
cat >/dev/null
kill -INT $pid
wait $pid
`

func startPostgres(tb testing.TB, bin string) *postgres {
	tb.Helper()
	dir, err := os.MkdirTemp("", "dialogs-peers-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &postgres{bin: bin, dir: dir}
	if os.Getuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			tb.Fatal(err)
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			tb.Fatal(err)
		}
		p.as = []string{"setpriv", "--reuid", owner.Uid, "--regid", owner.Gid, "--clear-groups"}
	}
	data := filepath.Join(dir, "data")
	p.must(tb, p.command(tb, "initdb", "--pgdata", data, "--auth", "trust", "--username", "postgres", "--encoding", "UTF8", "--locale", "C"))
	serve := p.command(tb, "postgres", "-D", data, "-k", dir, "-c", "listen_addresses=")
	guarded := exec.CommandContext(context.WithoutCancel(tb.Context()), "sh", append([]string{"-c", guardPostgres, "guard"}, serve.Args...)...)
	var said bytes.Buffer
	guarded.Dir, guarded.Stderr = dir, &said
	stop, err := guarded.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := guarded.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = stop.Close(); _ = guarded.Wait() })
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(50 * time.Millisecond) {
		if p.command(tb, "pg_isready", "--host", dir, "--quiet").Run() == nil {
			break
		}
		if time.Now().After(deadline) {
			_, _ = stop.Close(), guarded.Wait()
			tb.Fatalf("PostgreSQL does not start: %s", said.String())
		}
	}
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if p.pid, err = strconv.Atoi(first); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *postgres) command(tb testing.TB, program string, args ...string) *exec.Cmd {
	tb.Helper()
	line := slices.Concat(p.as, []string{filepath.Join(p.bin, program)}, args)
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), line[0], line[1:]...)
	command.Dir = p.dir
	return command
}

func (p *postgres) must(tb testing.TB, command *exec.Cmd) {
	tb.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", command, err, out)
	}
}

// fill makes a database with the schema and the dialogs.
func (p *postgres) fill(tb testing.TB, d *data) {
	tb.Helper()
	schema, err := os.ReadFile("node/schema.sql")
	if err != nil {
		tb.Fatal(err)
	}
	tables := [3]bytes.Buffer{}
	for n := range d.dialogs {
		id, at, users := textID(n), timeOf(n).Format(time.RFC3339), d.usersOf(n)
		fmt.Fprintf(&tables[0], "%s\tGROUP\t%s\t%s\t%s\t{}\t{%s}\t1\t%s\t%s\n", id, nameOf(n), nameOf(n), users[0], strings.Join(users, ","), at, at)
		for _, user := range users {
			fmt.Fprintf(&tables[1], "%s\t%s\n", user, id)
		}
		fmt.Fprintf(&tables[2], "%s\t1\t1\t%s\t%s\t{}\n", id, at, users[0])
	}
	load := p.command(tb, "psql", "--host", p.dir, "--username", "postgres", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1")
	var script bytes.Buffer
	script.Write(schema)
	for i, table := range []string{"dialog", "member", "change"} {
		fmt.Fprintf(&script, "COPY app.%s FROM STDIN;\n%s\\.\n", table, tables[i].Bytes())
	}
	script.WriteString("VACUUM ANALYZE;\n")
	load.Stdin = &script
	p.must(tb, load)
}

// cpu is the CPU time of all processes of the server so far.
func (p *postgres) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	var ticks int64
	for _, path := range all {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		stat := string(text) // another process that ends while it is read has none
		id, _, _ := strings.Cut(stat, " ")
		fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
		if len(fields) < 15 {
			continue
		}
		times := fields[11:13] // utime and stime
		switch strconv.Itoa(p.pid) {
		case id:
			times = fields[11:15] // and those of children that have ended
		case fields[1]:
		default:
			continue
		}
		for _, field := range times {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				tb.Fatalf("times in %s: %v", stat, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// startPostGraphile starts PostGraphile on a PostgreSQL of its own.
func startPostGraphile(bin string) func(testing.TB, *data) *server {
	return func(tb testing.TB, d *data) *server {
		tb.Helper()
		p := startPostgres(tb, bin)
		p.fill(tb, d)
		s := launchNode(tb, "postgraphile.js", "PGHOST="+p.dir, "PGUSER=visitor", "PGDATABASE=postgres")
		s.database = func() time.Duration { return p.cpu(tb) }
		return s
	}
}
