package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// eraseUser calls eraseUser.
func eraseUser(s *servertest.Server, key servertest.Header, user string, dryRun bool) (dialogs int, done bool) {
	s.Helper()
	answer := s.Must(key, `mutation($user: ID!, $dry: Boolean!) { eraseUser(userId: $user, dryRun: $dry) { userId dialogCount done } }`,
		map[string]any{"user": user, "dry": dryRun})
	var d struct {
		UserID      string
		DialogCount int
		Done        bool
	}
	servertest.Decode(s, answer.Data["eraseUser"], &d)
	if d.UserID != user {
		s.Errorf("eraseUser of %s returned %s", user, d.UserID)
	}
	return d.DialogCount, d.Done
}

// TestErasureKilled kills the server in the middle of an erasure. The next one finishes it
// without being asked.
func TestErasureKilled(t *testing.T) {
	t.Parallel()
	const user, groups = "alice-4711", 250
	dir := filepath.Join(t.TempDir(), "data")
	p := process{servertest.SpawnAt(t, dir, "--rate-limit", "0")}
	key := servertest.WithKey(p.MustCLI("apikey", "create", "backend"))
	token := servertest.WithToken(p.MustCLI("token", user))
	for range groups / 50 {
		var text strings.Builder
		for i := range 50 {
			fmt.Fprintf(&text, ` c%d: createDialog(input: {type: GROUP, name: "x", occupantIds: ["bob"]}) { created }`, i)
		}
		p.Must(token, "mutation {"+text.String()+"}", nil)
	}
	if dialogs, done := eraseUser(p.Server, key, user, true); dialogs != groups || done {
		t.Fatalf("a dry run: %d dialogs, done: %v", dialogs, done)
	}
	if dialogs, done := eraseUser(p.Server, key, user, false); dialogs != groups || done {
		t.Fatalf("the start: %d dialogs, done: %v", dialogs, done)
	}
	owned := func() (n int) {
		answer := p.Must(key, `query($user: ID!) { dialogs(filter: {ownerId: $user}, first: 1) { totalCount } }`, map[string]any{"user": user})
		var list struct{ TotalCount int }
		servertest.Decode(t, answer.Data["dialogs"], &list)
		return list.TotalCount
	}
	deadline := time.Now().Add(servertest.Patience)
	left := owned()
	for ; left == groups && time.Now().Before(deadline); left = owned() {
	}
	p.Kill()
	if left == groups {
		t.Fatal("the erasure has not begun")
	}
	t.Logf("killed with %d of %d left", left, groups)

	p = process{servertest.SpawnAt(t, dir, "--rate-limit", "0")}
	if answer := p.Post(token, `{ viewer { userId } }`, nil); answer.Status != 401 {
		t.Errorf("a session of the erased user: %d", answer.Status)
	}
	for {
		if dialogs, done := eraseUser(p.Server, key, user, false); done {
			if dialogs != 0 {
				t.Errorf("%d dialogs after the end", dialogs)
			}
			break
		}
		if time.Now().After(deadline.Add(servertest.Patience)) {
			t.Fatal("the erasure does not finish")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if line := p.Stderr.Await(t, `.*"msg":"erasure finished".*"api_key":"backend","dialogs":250.*`); strings.Contains(line, user) {
		t.Errorf("the log of its end names the user: %s", line)
	}
	if all := p.MustCLI("export", "-"); strings.Contains(all, user) || strings.Count(all, `"ownerId":"bob"`) != groups {
		t.Errorf("after the erasure: %.500s", all)
	}
	if answer := p.Post(token, `{ viewer { userId } }`, nil); answer.Status != 401 {
		t.Errorf("a session of the erased user, after the end: %d", answer.Status)
	}
	again := servertest.WithToken(p.MustCLI("token", user))
	if answer := p.Post(again, `{ viewer { userId } }`, nil); answer.Status != 200 {
		t.Errorf("a session that was created then: %d", answer.Status)
	}
	p.Kill()
}

// TestEraseCommand exports a user and erases them while the server runs.
func TestEraseCommand(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	alice := servertest.WithToken(s.Token("alice-4711"))
	s.Must(alice, `mutation {
		a: createDialog(input: {type: PRIVATE, occupantIds: ["bob"]}) { created }
		b: createDialog(input: {type: GROUP, name: "team", occupantIds: ["bob"]}) { created }
		c: createDialog(input: {type: GROUP, name: "alone"}) { created }
	}`, nil)
	s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "other", ownerId: "carol"}) { created } }`, nil)
	if got := s.MustCLI("erase", "alice-4711", "--dry-run"); got != "alice-4711 is or was part of 3 dialogs. Nothing was changed." {
		t.Errorf("a dry run: %s", got)
	}
	file := filepath.Join(t.TempDir(), "alice.jsonl")
	if got := s.MustCLI("export", "--user", "alice-4711", file); !strings.HasPrefix(got, "Exported 3 dialogs") {
		t.Errorf("the export: %s", got)
	}
	exported, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for text, n := range map[string]int{"\n": 5, `"kind":"CREATED"`: 3, `"name":"team"`: 1, "carol": 0, `"standing":"OWNER"`: 3} {
		if got := strings.Count(string(exported), text); got != n {
			t.Errorf("the export has %q %d times, want %d:\n%s", text, got, n, exported)
		}
	}
	if got := s.MustCLI("erase", "alice-4711"); got != "Erased alice-4711 from 3 dialogs." {
		t.Errorf("erasing: %s", got)
	}
	if all := s.MustCLI("export", "-"); strings.Contains(all, "alice-4711") || !strings.Contains(all, "team") || strings.Contains(all, "alone") {
		t.Errorf("after the erasure: %s", all)
	}
	if answer := s.Post(alice, `{ viewer { userId } }`, nil); answer.Status != 401 {
		t.Errorf("a session of the erased user: %d", answer.Status)
	}
	if got := s.MustCLI("erase", "alice-4711", "--json"); got != `{"userId":"alice-4711","dialogCount":0,"done":true}` {
		t.Errorf("erasing again: %s", got)
	}
	for _, args := range [][]string{{"erase"}, {"erase", ""}, {"erase", strings.Repeat("x", 129)}, {"export", "--user", "", file}, {"export", "--user", "alice", file}} {
		if result := s.CLI(args...); result.Code == 0 || result.Stderr == "" {
			t.Errorf("%q: %+v", args, result)
		}
	}
}
