package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/servertest"
)

// containerMemory is the memory of a container that the defaults suit.
const containerMemory = 256 * megabyte

// container makes a memory cgroup and returns the file that takes processes in;
// empty where none can be made.
func container(t *testing.T) string {
	t.Helper()
	for _, version := range []struct{ under, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		group := filepath.Join(version.under, fmt.Sprintf("dialogs-test-%d", os.Getpid()))
		if _, err := os.Stat(filepath.Join(version.under, "cgroup.procs")); err != nil || os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			if err := os.Remove(group); err != nil {
				t.Logf("removing the cgroup: %v", err)
			}
		})
		if os.WriteFile(filepath.Join(group, version.limit), fmt.Append(nil, containerMemory), 0o600) == nil {
			return filepath.Join(group, "cgroup.procs")
		}
	}
	return ""
}

// TestSmallContainer lets every attack on memory, on connections, with many reads and
// writes, and with WebSockets and event streams run at once against a server with 256 MB,
// while honest callers continue. Where no cgroup can be made, only the memory of the
// process is compared with the limit, and the server does not know it.
func TestSmallContainer(t *testing.T) {
	servertest.NeedUsage(t)
	store := filepath.Join(t.TempDir(), "data")
	group := container(t)
	script := `[ -z "$1" ] || echo $$ > "$1"; shift; exec "$@"`
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", script, "sh", group,
		servertest.Binary(t), "serve", "--listen", "127.0.0.1:0", "--store", store, "--log-format", "json", "--rate-limit", "0", "--quota-occupants-per-hour", "0", "--quota-dialogs-per-day", "0")
	command.Env = servertest.WithoutSettings(os.Environ())
	p := servertest.Launch(t, command, store, "http")
	if group != "" && !strings.Contains(p.Stderr.String(), "heap limited") {
		t.Errorf("the heap is not limited: %s", p.Stderr)
	}
	alice, mallory := servertest.WithToken(p.Token("alice")), servertest.WithToken(p.Token("mallory"))
	var before struct{ Cursor string }
	servertest.Decode(t, p.Must(mallory, "{ dialogChanges { cursor } }", nil).Data["dialogChanges"], &before)
	position := before.Cursor
	for range 40 {
		makeLargeGroup(t, p.Server, mallory)
	}
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(t, p.Must(alice, makeGroup, map[string]any{"ids": []string{"bob"}}).Data["createDialog"], &made)

	body := func(query string) []byte {
		text, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var stop atomic.Bool
	var attackers sync.WaitGroup
	attackStreams(t, p, &stop, &attackers, mallory, position)
	honest := connectSocket(t, p.Server, alice)
	honest.subscribe("own", fmt.Sprintf(`subscription { dialogsChanged(after: %q) { dialog { name } } }`, honest.position()))
	for range 4 {
		for _, a := range []struct {
			h    servertest.Header
			body func(int) []byte
		}{
			{nil, func(int) []byte { return manyValues(megabyte) }},
			{nil, func(int) []byte { return manyValues(60_000) }},
			{mallory, func(int) []byte { return manyValues(2 * 19_900) }},
			{mallory, func(n int) []byte { return aDocument(n) }},
			{nil, func(n int) []byte {
				return body(fmt.Sprintf("{ dialogs { nodes {%s } } } # %d", strings.Repeat(" id", 490), n))
			}},
			{mallory, func(int) []byte { return body(manyLists) }},
			{mallory, func(int) []byte { return body("{ dialogs(first: 100) { nodes { id occupantIds } } }") }},
			{mallory, func(int) []byte {
				return body(aliased("query", `dialogs(scope: VISIBLE, first: 1, filter: {nameContains: "x"}) { totalCount }`))
			}},
			{mallory, func(int) []byte {
				return body(aliased("mutation", `createDialog(input: {type: GROUP, name: "x", occupantIds: ["1", "2", "3"]}) { created }`))
			}},
		} {
			attackers.Go(func() {
				for n := 0; !stop.Load(); n++ {
					_, _ = p.Try(a.h, a.body(n)) // whatever it is answered
				}
			})
		}
	}
	// As many connections as an address may have, and more, that waste them.
	for _, w := range append(wasters, slowBody) {
		for range 100 {
			w.from(t, p.Server, "127.0.0.2")
		}
	}
	start, worst, latest, served := time.Now(), time.Duration(0), time.Duration(0), 0
	for time.Since(start) < 10*time.Second || served < 20 {
		began := time.Now()
		reply := p.Post(alice, `query($id: ID!) { dialog(id: $id) { name occupantIds } }`, map[string]any{"id": made.Dialog.ID})
		if reply.Status != http.StatusOK || len(reply.Errors) > 0 {
			t.Fatalf("an honest caller: status %d and %s", reply.Status, reply.Body)
		}
		worst, served = max(worst, time.Since(began)), served+1
		began = time.Now()
		name := fmt.Sprint("name ", served)
		p.Must(alice, `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: {name: $name}) { dialog { id } } }`, map[string]any{"id": made.Dialog.ID, "name": name})
		for told := ""; !strings.Contains(told, `"`+name+`"`); {
			_, told = honest.next()
		}
		latest = max(latest, time.Since(began))
	}
	stop.Store(true)
	attackers.Wait()
	usage := p.Usage()
	t.Logf("in a cgroup: %v; %d honest requests, the slowest in %v; a change and its event in at most %v; at most %d MB", group != "", served, worst, latest, usage.PeakMemory/megabyte)
	if usage.PeakMemory > containerMemory {
		t.Errorf("took %d MB of memory, want at most %d", usage.PeakMemory/megabyte, int64(containerMemory)/megabyte)
	}
}

// aDocument is a request whose document differs from others of other numbers.
func aDocument(n int) []byte {
	return fmt.Appendf(nil, `{"query": "{ dialogs(filter: {ids: [%d %s]}) { totalCount } }"}`, n, strings.Repeat("1 ", 1900))
}
