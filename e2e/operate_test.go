package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/servertest"
)

// TestOperatorCommands works with the dialogs of a server that runs: what a command does is
// what the API then shows, and the rules are those of the API.
func TestOperatorCommands(t *testing.T) {
	s := start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	const id = "65ba1b4a0000000000000001"
	s.Must(key, `mutation { createDialog(input: {id: "`+id+`", type: GROUP, name: "Lunch", ownerId: "alice", occupantIds: ["bob"]}) { created } }`, nil)
	s.Must(key, `mutation { createDialog(input: {type: PRIVATE, ownerId: "alice", occupantIds: ["carol"]}) { created } }`, nil)
	for _, tt := range []struct {
		args   []string
		want   string // in the output; an error when it begins with "dialogs: "
		reason string
	}{
		{[]string{"show", id}, "occupants  alice, bob\n", "a server sees every dialog"},
		{[]string{"show", id, "--as-user", "mallory"}, "dialogs: only the owner, an admin or an occupant may see", "a user sees only what the API shows them"},
		{[]string{"show", "5d75393ba28f9a17e1cb0001"}, "dialogs: ", "there is none"},
		{[]string{"show"}, `dialogs: "dialogs show" needs ID`, "which one is missing"},
		{[]string{"rename", id, "Dinner\u202e"}, `name       Dinner\u202e`, "what cannot be printed is escaped"},
		{[]string{"rename", id, ""}, "dialogs: ", "no name"},
		{[]string{"rename", id, "Supper", "--as-user", "bob"}, "name       Supper\n", "an occupant may rename"},
		{[]string{"add", id, "dave", "erin"}, "occupants  alice, bob, dave, erin\n", "several at once"},
		{[]string{"add", id}, `dialogs: "dialogs add" needs USER`, "who is missing"},
		{[]string{"remove", id, "dave", "--as-user", "bob"}, "dialogs: only the owner or an admin may remove others", "an occupant may not remove others"},
		{[]string{"remove", id, "dave"}, "occupants  alice, bob, erin\n", "a server may"},
		{[]string{"remove", id, "erin", "--as-user", "erin", "--json"}, `{"deletedId":"` + id + `"}`, "who left sees it no more"},
		{[]string{"find", "--owner", "alice", "--type", "private"}, "private  alice  2", "filters"},
		{[]string{"find", "--name", "SUPP", "--json"}, `"name":"Supper"`, "a part of the name, in any case"},
		{[]string{"find", "--of", "bob", "--since", "1h", "--count"}, "1", "a count"},
		{[]string{"find", "--as-user", "carol", "--count", "--json"}, `{"totalCount":1}`, "the user's own dialogs"},
		{[]string{"find", "--type", "crowd"}, "dialogs: --type: invalid value", "an unknown type"},
		{[]string{"find", "--since", "yesterday"}, "dialogs: --since", "not a time"},
		{[]string{"find", "--limit", "0"}, "dialogs: --limit", "no dialog at all"},
		{[]string{"find", "--after", "x"}, "dialogs: ", "not a cursor"},
		{[]string{"history", id}, "bob through API key (operator)   updated; name Supper\n", "who did what"},
		{[]string{"history", id, "--json"}, `"removedOccupantIds":["dave"]`, "as the API names it"},
		{[]string{"stats"}, "dialogs          2\n  public groups  0\n  groups         1\n", "what there is"},
		{[]string{"stats", "--json"}, `"dialogs":2`, "for programs"},
		{[]string{"delete", id, "--as-user", "bob"}, "dialogs: only the owner may delete", "an occupant may not delete"},
		{[]string{"delete", id}, id + " is deleted.", "a server may"},
		{[]string{"stats"}, "dialogs          1\n", "one less"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			got := s.In(t).CLI(tt.args...)
			if text, failed := got.Stdout, got.Code != 0; failed != strings.HasPrefix(tt.want, "dialogs: ") || !strings.Contains(text+got.Stderr, tt.want) {
				t.Errorf("%s: got code %d, %q and %q, want %q", tt.reason, got.Code, text, got.Stderr, tt.want)
			}
		})
	}
}

// TestWebhooksAsJSON compares the commands with the API.
func TestWebhooksAsJSON(t *testing.T) {
	s := start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	s.MustCLI("webhook", "add", "https://example.com/all", "--with-dialog")
	s.MustCLI("webhook", "add", "https://example.com/some", "--only", "updated", "--aspects", "name,occupants", "--types", "group", "--class", "Order")
	answer := s.Must(key, `{ webhooks { id url status kinds aspects types customClasses withDialog lastError failingSince createdAt } }`, nil)
	var want []struct{ ID string }
	var whole []any
	servertest.Decode(t, answer.Data["webhooks"], &want)
	servertest.Decode(t, answer.Data["webhooks"], &whole)
	lines := strings.Split(s.MustCLI("webhook", "list", "--json"), "\n")
	if len(lines) != 2 || len(whole) != 2 {
		t.Fatalf("%q, and the API has %s", lines, answer.Body)
	}
	for i, line := range lines {
		for reason, text := range map[string]string{"list": line, "show": s.MustCLI("webhook", "show", "--json", want[i].ID)} {
			var got any
			servertest.Decode(t, []byte(text), &got)
			if diff := cmp.Diff(whole[i], got); diff != "" {
				t.Errorf("%s of %s (-API +command):\n%s", reason, want[i].ID, diff)
			}
		}
	}
}

// TestFindPages: the cursor of a page leads to the next.
func TestFindPages(t *testing.T) {
	s := start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	for range 5 {
		s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "alice"}) { created } }`, nil)
	}
	ids := map[string]bool{}
	args := []string{"find", "--json", "--limit", "2"}
	for range 3 {
		page := s.CLI(args...)
		for _, line := range strings.Fields(page.Stdout) {
			var d struct{ ID string }
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			ids[d.ID] = true
		}
		_, cursor, more := strings.Cut(page.Stderr, "--after ")
		if !more {
			break
		}
		args = []string{"find", "--json", "--limit", "2", "--after", strings.TrimSpace(cursor)}
	}
	if len(ids) != 5 {
		t.Errorf("three pages of 2 have %d dialogs, want 5", len(ids))
	}
}

// TestExportCommand: an export that is resumed is complete, and another store that imports
// it exports the same.
func TestExportCommand(t *testing.T) {
	s := start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	s.Must(key, `mutation { defineCustomClass(input: {name: "Order", fields: [{name: "tags", type: STRING, list: true}]}) { customClass { name } } }`, nil)
	for range 3 {
		s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "alice", customData: [{className: "Order", fields: {tags: ["a", "b"]}}]}) { created } }`, nil)
	}
	file := filepath.Join(t.TempDir(), "dialogs.jsonl")
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := s.MustCLI("export", file); !strings.HasPrefix(got, "Exported 3 dialogs") {
		t.Errorf("got %q", got)
	}
	whole := read(file)
	if got := s.MustCLI("export", file); !strings.Contains(got, "is complete") {
		t.Errorf("a complete export again: %q", got)
	}
	if err := os.Truncate(file, int64(len(whole)*2/3)); err != nil {
		t.Fatal(err)
	}
	if incomplete := servertest.Run(t, nil, "import", file, "--store", filepath.Join(t.TempDir(), "x")); incomplete.Code == 0 || !strings.Contains(incomplete.Stderr, "not complete") {
		t.Errorf("importing a part: %+v", incomplete)
	}
	s.MustCLI("export", file)
	if read(file) != whole {
		t.Errorf("resumed, it is\n%s\nwant\n%s", read(file), whole)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want the mode 0600", info.Mode(), err)
	}
	other := filepath.Join(t.TempDir(), "data")
	if got := servertest.Run(t, nil, "import", file, "--store", other); got.Code != 0 || !strings.Contains(got.Stdout, "created  3") {
		t.Fatalf("importing: %+v", got)
	}
	if got := servertest.Run(t, nil, "export", "-", "--store", other); got.Stdout+"\n" != whole {
		t.Errorf("the other store exports\n%s\nwant\n%s (%s)", got.Stdout, whole, got.Stderr)
	}
	for path, want := range map[string]string{"missing/x.jsonl": "missing", other: "directory"} {
		if got := s.CLI("export", path); got.Code == 0 || !strings.Contains(got.Stderr, want) {
			t.Errorf("export to %s: %+v", path, got)
		}
	}
	foreign := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(foreign, []byte("dear all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.CLI("export", foreign); got.Code == 0 || read(foreign) != "dear all\n" {
		t.Errorf("export over a letter: %+v, and it is %q", got, read(foreign))
	}
}
