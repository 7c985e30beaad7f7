package cli_test

import (
	"os"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestCounts reads what commands say about a store with one dialog and one API key, and
// about one with two of each.
func TestCounts(t *testing.T) {
	t.Chdir(t.TempDir())
	const one = `{"_id":"5d75393ba28f9a17e1cb0001","type":2,"name":"Lunch","user_id":1,"occupants_ids":[1,2],"created_at":1769868000,"updated_at":1769868000}` + "\n"
	two := one + strings.Replace(one, "0001", "0002", 1)
	for name, content := range map[string]string{
		"one.jsonl": one, "two.jsonl": two,
		"renamed1.jsonl": strings.ReplaceAll(one, "Lunch", "Dinner"), "renamed2.jsonl": strings.ReplaceAll(two, "Lunch", "Dinner"),
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args, want string
		code       int
	}{
		{"import one.jsonl --store one", "created  1\n", 0},
		{"apikey create a --store one", "", 0},
		{"import --verify renamed1.jsonl --store one", "dialogs: 1 dialog differs from the source", 1},
		{"backup one.tar --store one", "Backed up one with 1 dialog to one.tar, ", 0},
		{"restore one.tar --store restored1", "Restored 1 dialog from one.tar to restored1, ", 0},
		{"export one.export --store one", "Exported 1 dialog to one.export (1 now).", 0},
		{"export one.export --store one", "one.export is complete: it has 1 dialog. ", 0},
		{"export one.user --store one --user 1", "Exported 1 dialog of 1 to one.user.", 0},
		{"erase 1 --dry-run --store one", "1 is or was part of 1 dialog. Nothing was changed.", 0},
		{"migrate --from one --to copy1", "1 dialog (1 copied now), 0 classes, 1 API key and 0 webhooks are the same in both stores; ", 0},

		{"import two.jsonl --store two", "created  2\n", 0},
		{"apikey create a --store two", "", 0},
		{"apikey create b --store two", "", 0},
		{"import --verify renamed2.jsonl --store two", "dialogs: 2 dialogs differ from the source", 1},
		{"backup two.tar --store two", "Backed up two with 2 dialogs to two.tar, ", 0},
		{"restore two.tar --store restored2", "Restored 2 dialogs from two.tar to restored2, ", 0},
		{"export two.export --store two", "Exported 2 dialogs to two.export (2 now).", 0},
		{"export two.user --store two --user 1", "Exported 2 dialogs of 1 to two.user.", 0},
		{"erase 1 --dry-run --store two", "1 is or was part of 2 dialogs. Nothing was changed.", 0},
		{"migrate --from two --to copy2", "2 dialogs (2 copied now), 0 classes, 2 API keys and 0 webhooks are the same in both stores; ", 0},
	} {
		result := servertest.Run(t, nil, strings.Fields(test.args)...)
		if both := result.Stdout + result.Stderr; result.Code != test.code || !strings.Contains(both, test.want) {
			t.Errorf("dialogs %s: got code %d, want %d and %q:\n%s", test.args, result.Code, test.code, test.want, both)
		}
	}
}
