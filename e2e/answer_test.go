package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// manyLists asks for the occupants of every dialog 50 times.
var manyLists = "{ dialogs(first: 100) { nodes { " + manyListsOf(50) + "} } }"

// longIDs are ids of the longest kind, ordinaryIDs numbers.
func longIDs(n int) []string     { return idsOf(n, "%0128d") }
func ordinaryIDs(n int) []string { return idsOf(n, "10%06d") }

func idsOf(n int, format string) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf(format, i)
	}
	return ids
}

const makeGroup = `mutation($ids: [ID!]!) { createDialog(input: {type: GROUP, name: "x", occupantIds: $ids}) { dialog { id } } }`

// makeLargeGroup makes a group of 999 other occupants and returns its id.
func makeLargeGroup(t *testing.T, s *servertest.Server, h servertest.Header) string {
	t.Helper()
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(t, s.Must(h, makeGroup, map[string]any{"ids": longIDs(999)}).Data["createDialog"], &made)
	return made.Dialog.ID
}

// TestLargeAnswers asks for more than an answer may have: it is refused with one
// error, whose root field is null, and takes little memory.
func TestLargeAnswers(t *testing.T) {
	servertest.NeedUsage(t)
	p := servertest.Spawn(t, "--rate-limit", "0", "--quota-occupants-per-hour", "0")
	h := servertest.WithToken(p.Token("mallory"))
	for range 40 {
		makeLargeGroup(t, p.Server, h)
	}
	before := p.Usage()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			body, err := json.Marshal(map[string]string{"query": manyLists})
			if err != nil {
				t.Error(err)
				return
			}
			reply, err := p.Try(h, body)
			if err != nil || len(reply.Errors) != 1 || string(reply.Data["dialogs"]) != "null" ||
				!strings.Contains(reply.Errors[0].Message, "--limit-answer") && reply.Errors[0].Extensions.Code != "UNAVAILABLE" {
				t.Errorf("got %v and %.500s", err, reply.Body)
			}
		})
	}
	all.Wait()
	after := p.Usage()
	taken := (after.PeakMemory - before.Memory) / megabyte
	t.Logf("%d MB and %v of CPU", taken, after.CPU-before.CPU)
	if taken > 200 {
		t.Errorf("took %d MB of memory, want at most 200", taken)
	}

	status, body := p.Rest(h, http.MethodGet, "/chat/Dialog.json?limit=100", nil)
	if status != http.StatusOK {
		t.Errorf("a list of 40 large groups: status %d, %.300s", status, body)
	}
}

func manyListsOf(n int) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, "a%d: occupantIds ", i)
	}
	return fields.String()
}

// TestMutationsWithLargeAnswers makes a change whose result is too large: the
// change stays, its payload is null, and the error says so. Neighbors in the same
// request are answered.
func TestMutationsWithLargeAnswers(t *testing.T) {
	s := servertest.Start(t, "--rate-limit", "0", "--limit-answer", "200000")
	h := servertest.WithToken(s.Token("alice"))
	id := makeLargeGroup(t, s, h)
	reply := s.Post(h, `mutation($id: ID!) {
		first: updateDialog(id: $id, input: {name: "one"}) { dialog { name } }
		second: updateDialog(id: $id, input: {photo: "two"}) { dialog { name `+manyListsOf(40)+` } }
	}`, map[string]any{"id": id})
	if string(reply.Data["first"]) != `{"dialog":{"name":"one"}}` || string(reply.Data["second"]) != "null" {
		t.Errorf("got %.300s", reply.Body)
	}
	if len(reply.Errors) != 1 || fmt.Sprint(reply.Errors[0].Path) != "[second]" ||
		!strings.HasPrefix(reply.Errors[0].Message, "the change was made") || !strings.Contains(reply.Errors[0].Message, "(limit 200000 bytes, --limit-answer)") {
		t.Errorf("got %+v", reply.Errors)
	}
	read := s.Must(h, `query($id: ID!) { dialog(id: $id) { name photo } }`, map[string]any{"id": id})
	if string(read.Data["dialog"]) != `{"name":"one","photo":"two"}` {
		t.Errorf("the changes: got %s", read.Body)
	}
}

// TestHonestAnswers lists 100 groups of 1,000 ordinary ids, which both APIs
// serve with default settings, several at a time.
func TestHonestAnswers(t *testing.T) {
	// This test is about memory: with the race detector on a busy machine, such
	// a list can take as long as the defaults allow.
	s := servertest.Start(t, "--rate-limit", "0", "--quota-occupants-per-hour", "0", "--store-timeout", "1m", "--request-timeout", "2m")
	h := servertest.WithToken(s.Token("alice"))
	for range 100 {
		s.Must(h, makeGroup, map[string]any{"ids": ordinaryIDs(999)})
	}
	var all sync.WaitGroup
	for range dialogtest.Times(2, 4) {
		all.Go(func() {
			body := []byte(`{"query": "{ dialogs(first: 100) { nodes { id occupantIds } } }"}`)
			if reply, err := s.Try(h, body); err != nil || len(reply.Errors) > 0 || len(reply.Body) < megabyte {
				t.Errorf("GraphQL: got %v and %.300s", err, reply.Body)
			}
		})
		all.Go(func() {
			answer, err := s.TryDo(http.MethodGet, "/chat/Dialog.json?limit=100", h, nil)
			if err != nil || answer.Status != http.StatusOK || len(answer.Body) < 800_000 {
				t.Errorf("the QuickBlox API: got %v, status %d and %.300s", err, answer.Status, answer.Body)
			}
		})
	}
	all.Wait()
}

// TestQuickBloxChangesWithLargeAnswers does the same through the QuickBlox API.
func TestQuickBloxChangesWithLargeAnswers(t *testing.T) {
	s := servertest.Start(t, "--rate-limit", "0", "--limit-answer", "100000")
	h := servertest.WithToken(s.Token("alice"))
	status, body := s.Rest(h, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": longIDs(999)})
	wantMade := func(reason string) {
		t.Helper()
		if status < 400 || !strings.Contains(body, "the change was made") || !strings.Contains(body, "(limit 100000 bytes, --limit-answer)") {
			t.Errorf("%s: got status %d: %.300s", reason, status, body)
		}
	}
	wantMade("a creation")
	var list struct{ Nodes []struct{ ID, Name string } }
	read := func() {
		t.Helper()
		servertest.Decode(t, s.Must(h, `{ dialogs { nodes { id name } } }`, nil).Data["dialogs"], &list)
		if len(list.Nodes) != 1 {
			t.Fatalf("got %d dialogs, want the one that was created", len(list.Nodes))
		}
	}
	read()
	status, body = s.Rest(h, http.MethodPut, "/chat/Dialog/"+list.Nodes[0].ID+".json", map[string]any{"name": "renamed"})
	wantMade("an update")
	if read(); list.Nodes[0].Name != "renamed" {
		t.Errorf("the update: got %q", list.Nodes[0].Name)
	}
	status, body = s.Rest(h, http.MethodGet, "/chat/Dialog/"+list.Nodes[0].ID+".json", nil)
	if status < 400 || strings.Contains(body, "change was made") || !strings.Contains(body, "--limit-answer") {
		t.Errorf("a look-up: got status %d: %.300s", status, body)
	}
}
