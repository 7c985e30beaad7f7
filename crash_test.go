package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashes is how often the server is killed in the middle of writes.
const crashes = 20

// TestCrash kills the real binary with SIGKILL in the middle of writes, again
// and again on one store, and looks after each restart for every change that
// was acknowledged.
func TestCrash(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "dialogs")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir := filepath.Join(t.TempDir(), "data")
	const writers = 8
	acknowledged := make([]int, writers) // the number that each writer's dialog was last known to hold
	tokens := make([]header, writers)
	ids := make([]string, writers)
	for crash := range crashes + 1 {
		p := spawn(t, binary, dir)
		for w := range writers {
			if crash == 0 {
				tokens[w] = withToken(p.mustCLI("token", fmt.Sprintf("u%d", w)))
				answer := p.must(tokens[w], `mutation { createDialog(input: {type: GROUP, name: "0"}) { dialog { id } } }`, nil)
				var made struct{ Dialog struct{ ID string } }
				unmarshal(t, answer.Data["createDialog"], &made)
				ids[w] = made.Dialog.ID
			}
			acknowledged[w] = p.checkSurvived(tokens[w], ids[w], acknowledged[w])
		}
		if crash == crashes {
			p.kill()
			return
		}
		p.writeUntilKilled(tokens, ids, acknowledged)
	}
}

// checkSurvived looks for the last number that was acknowledged, or the one
// that was on its way; with every record before it.
func (r *running) checkSurvived(h header, id string, acknowledged int) int {
	r.Helper()
	answer := r.must(h, `query($id: ID!) { dialog(id: $id) { name version history { version name } } }`, map[string]any{"id": id})
	var d struct {
		Name    string
		Version int
		History []struct {
			Version int
			Name    string
		}
	}
	unmarshal(r, answer.Data["dialog"], &d)
	number := d.Version - 1
	if d.Name != fmt.Sprint(number) || number < acknowledged || number > acknowledged+1 {
		r.Fatalf("acknowledged %d, found the name %s at version %d", acknowledged, d.Name, d.Version)
	}
	for i, record := range d.History {
		if record.Version != d.Version-i || record.Version > 1 && record.Name != fmt.Sprint(record.Version-1) {
			r.Fatalf("the history of version %d has the record %+v at %d", d.Version, record, i)
		}
	}
	return number
}

// writeUntilKilled lets every writer count upward in its dialog's name until
// the server is killed, which it is as soon as all have written some.
func (p *process) writeUntilKilled(tokens []header, ids []string, acknowledged []int) {
	p.Helper()
	const enough = 10
	var all, some sync.WaitGroup
	for w := range tokens {
		all.Add(1)
		some.Add(1)
		go func() {
			defer all.Done()
			for written := 0; ; written++ {
				if written == enough {
					some.Done()
				}
				body, _ := json.Marshal(map[string]any{
					"query":     `mutation($id: ID!, $name: String) { updateDialog(id: $id, input: {name: $name}) { dialog { version } } }`,
					"variables": map[string]any{"id": ids[w], "name": fmt.Sprint(acknowledged[w] + 1)},
				})
				answer, err := p.try(tokens[w], body)
				if err != nil || len(answer.Errors) > 0 {
					if written < enough {
						p.Errorf("writer %d failed after %d: %v: %s", w, written, err, answer.Body)
						some.Done()
					}
					return
				}
				acknowledged[w]++
			}
		}()
	}
	some.Wait()
	p.kill()
	all.Wait()
}

// A process is a server that runs as a process of its own.
type process struct {
	*running
	command *exec.Cmd
	once    sync.Once
}

func spawn(t *testing.T, binary, dir string, args ...string) *process {
	t.Helper()
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--store", dir, "--log-format", "json"}, args...)
	return launch(t, exec.CommandContext(t.Context(), binary, args...), dir)
}

// launch starts a server's process and waits until it serves.
func launch(t testing.TB, command *exec.Cmd, dir string) *process {
	t.Helper()
	stderr := newSyncBuffer()
	command.Stdout, command.Stderr = io.Discard, stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: command, running: &running{
		TB: t, dir: dir, getenv: noEnvironment, stderr: stderr,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience},
	}}
	t.Cleanup(p.kill)
	p.url = "http://" + stderr.await(t, `"msg":"serving","address":"([^"]+)"`)
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.once.Do(func() {
		if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.Errorf("killing the server: %v", err)
		}
		_ = p.command.Wait()
		p.client.CloseIdleConnections()
	})
}

// TestSIGTERM stops the real binary as a service manager does.
func TestSIGTERM(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "dialogs")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := spawn(t, binary, filepath.Join(t.TempDir(), "data"))
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	p.once.Do(func() {
		go func() { ended <- p.command.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the server ended with %v: %s", err, p.stderr)
			}
		case <-time.After(patience):
			t.Error("the server does not stop")
			_ = p.command.Process.Kill()
		}
		p.client.CloseIdleConnections()
	})
	if !strings.Contains(p.stderr.String(), "stopping") {
		t.Errorf("got the log %s", p.stderr)
	}
}
