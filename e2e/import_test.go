package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog/dialogtest"

	"dialogs/servertest"
)

// quickbloxPage is a page of QuickBlox's list with these dialogs.
func quickbloxPage(dialogs ...string) string {
	return fmt.Sprintf(`{"total_entries": %d, "skip": 0, "limit": 100, "items": [%s]}`, len(dialogs), strings.Join(dialogs, ","))
}

// quickbloxDialog is a group of QuickBlox, as its list shows it, with more
// members if there are any.
func quickbloxDialog(n int, more string) string {
	return fmt.Sprintf(`{"_id": "5d75393ba28f9a17e1cb%04x", "created_at": "2019-09-08T17:24:11Z", "last_message": "sure, I can wait",
		"last_message_date_sent": 1567971414, "last_message_id": "5d755856a0eb47411e0b72a9", "last_message_user_id": 96753878,
		"name": "New Year party", "occupants_ids": [96753878, 96754523], "photo": "68123", "type": 2, "updated_at": "2019-09-08T19:36:54Z",
		"user_id": 96753878, "xmpp_room_jid": "76730_5d75393ba28f9a17e1cb0f9e@muc.chat.quickblox.com", "unread_messages_count": 0%s}`, n, more)
}

// TestImportCommand imports into the store of a server that runs: from files,
// directories and standard input, again and again.
func TestImportCommand(t *testing.T) {
	s := start(t)
	key := s.MustCLI("apikey", "create", "backend")
	s.Must(servertest.WithKey(key), `mutation($in: DefineCustomClassInput!) { defineCustomClass(input: $in) { customClass { name } } }`,
		map[string]any{"in": classInput(dialogtest.Class())})
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("1.json", quickbloxPage(quickbloxDialog(1, ""), quickbloxDialog(2, `, "data": {"class_name": "Card", "level": 5}`)))
	write("2.jsonl", quickbloxDialog(3, `, "admin_ids": [96754523]`)+"\n"+strings.ReplaceAll(quickbloxDialog(4, ""), "\n", "")+"\n")
	write("README.md", "not a dialog")
	// run imports, and checks the report and whether that is a failure.
	run := func(stdin string, fails bool, want string, args ...string) {
		t.Helper()
		result := servertest.RunWith(t, nil, stdin, append([]string{"import", "--store", s.Store}, args...)...)
		if (result.Code != 0) != fails {
			t.Errorf("import %v: got code %d and %q, want a failure: %v", args, result.Code, result.Stderr, fails)
		}
		if diff := cmp.Diff(strings.Fields(want), strings.Fields(result.Stdout)); diff != "" {
			t.Errorf("import %v: another report (-want +got):\n%s", args, diff)
		}
	}
	run("", false, "created 4 same 0 changed 0 refused 0", "--dry-run", dir)
	run("", true, "same 0 different 0 missing 4 refused 0 4 × it is missing (5d75393ba28f9a17e1cb0001, 5d75393ba28f9a17e1cb0002, 5d75393ba28f9a17e1cb0003, …)", "--verify", dir)
	run("", false, "created 4 same 0 changed 0 refused 0", dir)
	run("", false, "created 0 same 4 changed 0 refused 0", dir)
	run("", false, "same 4 different 0 missing 0 refused 0", "--verify", dir)
	run(quickbloxDialog(5, ""), false, "created 1 same 4 changed 0 refused 0", filepath.Join(dir, "1.json"), "-", filepath.Join(dir, "2.jsonl"))
	run("["+quickbloxDialog(6, "")+"]", false, "created 1 same 0 changed 0 refused 0")

	status, body := s.Rest(servertest.OnBehalf(key, "96754523"), http.MethodGet, "/chat/Dialog/5d75393ba28f9a17e1cb0002.json", nil)
	var shown map[string]any
	servertest.Decode(t, json.RawMessage(body), &shown)
	if status != http.StatusOK || shown["created_at"] != "2019-09-08T17:24:11Z" || shown["updated_at"] != "2019-09-08T19:36:54Z" || shown["name"] != "New Year party" {
		t.Errorf("got status %d: %s", status, body)
	}

	// A change here, and a later one there.
	s.Rest(servertest.WithKey(key), http.MethodPut, "/chat/Dialog/5d75393ba28f9a17e1cb0001.json", map[string]any{"name": "Dinner"})
	run("", true, "same 3 different 1 missing 0 refused 0 1 × it differs in: name, updated at (5d75393ba28f9a17e1cb0001)", "--verify", dir)
	run("", true, "created 0 same 3 changed 0 refused 1 1 × it was changed here since it was imported, and differs; "+
		"use --overwrite to replace it (5d75393ba28f9a17e1cb0001)", dir)
	run("", false, "created 0 same 3 changed 1 refused 0", "--overwrite", "--dry-run", dir)
	run("", false, "created 0 same 3 changed 1 refused 0", "--overwrite", dir)

	refused := filepath.Join(dir, "refused")
	wrong := quickbloxPage(
		quickbloxDialog(7, `, "data": {"class_name": "Cord", "level": 5}`), quickbloxDialog(8, `, "data": {"class_name": "Cord", "level": 5}`),
		quickbloxDialog(9, ""), `{"_id": "x"}`,
	)
	run(wrong, true, "created 1 same 0 changed 0 refused 3 2 × data: unknown custom class Cord (5d75393ba28f9a17e1cb0007, 5d75393ba28f9a17e1cb0008) "+
		"1 × created_at: must be seconds since 1970, or a time in RFC 3339 format such as 2026-01-31T09:30:00Z (x)", "--refused", refused)
	lines, err := os.ReadFile(refused)
	if err != nil || strings.Count(string(lines), "\n") != 3 || !strings.Contains(string(lines), `{"_id":"5d75393ba28f9a17e1cb0007","why":"data: unknown custom class Cord"}`) {
		t.Errorf("got %s and error %v", lines, err)
	}
	run(quickbloxDialog(10, "")+"nonsense", true, "created 1 same 0 changed 0 refused 0")
	run("", true, "", filepath.Join(dir, "missing.json"))
	run("", true, "", "--verify", "--dry-run", dir)
	run("", true, "", "--verify", "--overwrite", dir)
	run("", true, "", "--store", filepath.Join(dir, "nowhere"), "--dry-run", dir)
}
