package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// TestCrash kills the real binary with SIGKILL in the middle of writes, again
// and again on one store, and looks after each restart for every change that
// was acknowledged.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	const writers = 8
	crashes := dialogtest.Times(5, 20)   // how often the server is killed
	acknowledged := make([]int, writers) // the number that each writer's dialog was last known to hold
	tokens := make([]servertest.Header, writers)
	ids := make([]string, writers)
	var backend servertest.Header
	for crash := range crashes + 1 {
		p := process{servertest.SpawnAt(t, dir)}
		if crash == 0 {
			backend = servertest.WithKey(p.MustCLI("apikey", "create", "backend"))
			p.Must(backend, `mutation { defineCustomClass(input: {name: "Count", fields: [{name: "n", type: INTEGER}]}) { customClass { name } } }`, nil)
		}
		for w := range writers {
			if crash == 0 {
				tokens[w] = servertest.WithToken(p.MustCLI("token", fmt.Sprintf("u%d", w)))
				answer := p.Must(tokens[w], `mutation { createDialog(input: {type: GROUP, name: "0"}) { dialog { id } } }`, nil)
				var made struct{ Dialog struct{ ID string } }
				servertest.Decode(t, answer.Data["createDialog"], &made)
				ids[w] = made.Dialog.ID
			}
			acknowledged[w] = p.checkSurvived(tokens[w], ids[w], acknowledged[w])
			p.checkFound(backend, ids[w], acknowledged[w])
		}
		if crash == crashes {
			p.Kill()
			return
		}
		p.writeUntilKilled(tokens, ids, acknowledged)
	}
}

// checkSurvived looks for the last number that was acknowledged, or the one
// that was on its way; with every record before it.
func (p process) checkSurvived(h servertest.Header, id string, acknowledged int) int {
	p.Helper()
	answer := p.Must(h, `query($id: ID!) { dialog(id: $id) { name version history { version name } } }`, map[string]any{"id": id})
	var d struct {
		Name    string
		Version int
		History []struct {
			Version int
			Name    string
		}
	}
	servertest.Decode(p, answer.Data["dialog"], &d)
	number := d.Version - 1
	if d.Name != fmt.Sprint(number) || number < acknowledged || number > acknowledged+1 {
		p.Fatalf("acknowledged %d, found the name %s at version %d", acknowledged, d.Name, d.Version)
	}
	for i, record := range d.History {
		if record.Version != d.Version-i || record.Version > 1 && record.Name != fmt.Sprint(record.Version-1) {
			p.Fatalf("the history of version %d has the record %+v at %d", d.Version, record, i)
		}
	}
	return number
}

// checkFound looks for the dialog by its number in its custom data.
func (p process) checkFound(h servertest.Header, id string, number int) {
	p.Helper()
	if number == 0 { // it was only created
		return
	}
	answer := p.Must(h, `query($fields: JSONObject!) { dialogs(filter: {customData: [{className: "Count", fields: $fields}]}) { nodes { id } } }`, map[string]any{"fields": map[string]any{"n": number}})
	var list struct{ Nodes []struct{ ID string } }
	servertest.Decode(p, answer.Data["dialogs"], &list)
	for _, d := range list.Nodes {
		if d.ID == id {
			return
		}
	}
	p.Errorf("the dialog with the number %d is not found by it: %s", number, answer.Body)
}

// writeUntilKilled lets every writer count upward in its dialog's name, and in its custom
// data, until the server is killed, which it is as soon as all have written some.
func (p process) writeUntilKilled(tokens []servertest.Header, ids []string, acknowledged []int) {
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
					"query":     `mutation($id: ID!, $name: String, $fields: JSONObject!) { updateDialog(id: $id, input: {name: $name, customData: [{className: "Count", fields: $fields}]}) { dialog { version } } }`,
					"variables": map[string]any{"id": ids[w], "name": fmt.Sprint(acknowledged[w] + 1), "fields": map[string]any{"n": acknowledged[w] + 1}},
				})
				answer, err := p.Try(tokens[w], body)
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
	p.Kill()
	all.Wait()
}

// A process is a server that these tests kill and measure.
type process struct{ *servertest.Process }
