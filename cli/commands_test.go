package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestMistypedStore runs commands on a directory without a store: only commands
// that fill a store create it, and a command that fails leaves nothing behind.
func TestMistypedStore(t *testing.T) {
	full := filepath.Join(t.TempDir(), "data")
	if result := servertest.Run(t, nil, "apikey", "create", "x", "--store", full); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	empty, files := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"garbage.json": "garbage", "refused.jsonl": `{"_id":"a"}` + "\n" + `{"_id":"b"}`} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args   []string
		want   string
		reason string
	}{
		{[]string{"apikey", "list", "--store", "typo"}, "--store (DIALOGS_STORE): no store in typo", "there is nothing to list"},
		{[]string{"apikey", "revoke", "x", "--store", "typo"}, "--store (DIALOGS_STORE): no store in typo", "there is nothing to revoke"},
		{[]string{"apikey", "list", "--store", empty}, "no store in " + empty, "a directory is not a store"},
		{[]string{"apikey", "create", "in valid", "--store", "new"}, "name", "an invalid name"},
		{[]string{"token", "alice", "--store", "typo"}, "no store in typo", "no server would take the token"},
		{[]string{"import", "missing.json", "--store", "new"}, "missing.json", "an import of a wrong path"},
		{[]string{"import", "mongodb://u:secret@127.0.0.1/x", "--store", "new"}, "FILE: stat mongodb://(hidden)@127.0.0.1/x: no such file", "an import of a store"},
		{[]string{"import", empty, "--store", "new"}, "no files that end in .json, .jsonl or .ndjson", "an import of a directory without files"},
		{[]string{"import", filepath.Join(files, "garbage.json"), "--store", "new"}, "garbage.json", "an import of a file of something else"},
		{[]string{"import", filepath.Join(files, "garbage.json"), "--store", "new", "--refused", "refused"}, "garbage.json", "an import of something else that would report"},
		{[]string{"import", filepath.Join(files, "refused.jsonl"), "--store", "new"}, "2 dialogs differ from the source", "an import of invalid dialogs alone"},
		{[]string{"import", "--dry-run", "--verify", full, "--store", full}, "--dry-run and --verify cannot be given together", "two ways to write nothing"},
		{[]string{"import", "--refused", "", full, "--store", "new"}, "--refused is empty", "a report to nowhere"},
		{[]string{"token", "alice", "--ttl", "721h", "--store", "new"}, `--ttl "721h": must be at most 720h`, "a token for too long"},
		{[]string{"token", "alice", "--ttl", "0s", "--store", "new"}, `--ttl "0s": must be at least 1s`, "a token for no time"},
		{[]string{"token", "", "--store", full}, "user id", "a token for nobody"},
		{[]string{"restore", "missing.tar", "--store", "new"}, "missing.tar", "a backup that is not there"},
		{[]string{"restore", filepath.Join(files, "garbage.json"), "--store", "new"}, "garbage.json: not a backup", "something else than a backup"},
		{[]string{"backup", "b.tar", "--store", "typo"}, "--store (DIALOGS_STORE): no store in typo", "there is nothing to back up"},
		{[]string{"backup", "missing/b.tar", "--store", full}, "missing", "a backup to a directory that is not there"},
		{[]string{"apikey", "list", "--store", "mongodb://127.0.0.1:1/x", "--store-timeout", "100ms"}, "dialogs: the store did not answer: ", "a store that is away"},
		{[]string{"migrate", "--from", full, "--to", "mongodb://127.0.0.1:1/x", "--store-timeout", "100ms"}, "dialogs: comparing the target with the source: the store did not answer: ", "a target that is away"},
		{[]string{"migrate"}, "--from is required: a directory or a MongoDB URI", "nothing to copy"},
		{[]string{"migrate", "--from", full, "--to", "localhost:27017"}, "--to must be a directory, or a URI", "a host for a store"},
		{[]string{"apikey", "create", "x", "--store", "mongodb:/localhost/x"}, "--store (DIALOGS_STORE) must be a directory, or a URI", "a mistyped URI"},
		{[]string{"import", "--dry-run", full, "--store", "new"}, "no store in new", "a dry run writes nothing"},
		{[]string{"import", filepath.Join(files, "refused.jsonl"), "--store", "new", "--refused", "missing/refused"}, "--refused", "an import that cannot report"},
		{[]string{"migrate", "--from", "typo", "--to", "new"}, "--from: no store in typo", "there is nothing to copy, and no reason to create its target"},
		{[]string{"migrate", "--from", full, "--to", full + "/../data/"}, "two different stores", "the same by another path"},
		{[]string{"migrate", "--from", "link", "--to", full}, "two different stores", "the same by a link"},
		{[]string{"migrate", "--from", full, "--to", ""}, "--to", "copied to nowhere"},
		{[]string{"migrate", "--from", "postgres://x", "--to", full}, "--from must be", "an unknown store to copy"},
		{[]string{"migrate", "--from", full, "--to", "postgres://x"}, "--to must be", "an unknown store to copy to"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			if err := os.Symlink(full, "link"); err != nil {
				t.Fatal(err)
			}
			if result := servertest.Run(t, nil, test.args...); result.Code != 1 || !strings.Contains(result.Stderr, test.want) {
				t.Errorf("got code %d and %q, want an error with %q", result.Code, result.Stderr, test.want)
			}
			for _, where := range []string{dir, empty} {
				entries, err := os.ReadDir(where)
				if err != nil || len(entries) > 0 && (len(entries) != 1 || entries[0].Name() != "link") {
					t.Errorf("it left %v (error %v)", entries, err)
				}
			}
		})
	}
}

// TestTokenOnNewStore creates a token before any server has run: the first
// server accepts it.
func TestTokenOnNewStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if result := servertest.Run(t, nil, "apikey", "create", "x", "--store", dir); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	token := servertest.Run(t, nil, "token", "alice", "--store", dir)
	if token.Code != 0 {
		t.Fatal(token.Stderr)
	}
	servertest.StartAt(t, dir).Must(servertest.WithToken(token.Stdout), `{ viewer { userId } }`, nil)
}

// TestTokenForServerWithSecret creates tokens for a store whose server was given its
// secret: a token that this server refuses is never made.
func TestTokenForServerWithSecret(t *testing.T) {
	secret := strings.Repeat("s", 40)
	for _, before := range []string{"a new store", "a store that has a secret"} {
		t.Run(before, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if before != "a new store" {
				servertest.StartAt(t, dir).Stop()
			}
			s := servertest.StartAt(t, dir, "--secret", secret)
			for _, args := range [][]string{{"token", "alice"}, {"webhook", "list"}} {
				result := servertest.Run(t, nil, append(args, "--store", dir)...)
				if result.Code != 1 || !strings.Contains(result.Stderr, "--secret (DIALOGS_SECRET) is required: the server of "+dir) {
					t.Errorf("%s: got code %d, %q and %q", args, result.Code, result.Stdout, result.Stderr)
				}
			}
			token := servertest.Run(t, []string{"DIALOGS_SECRET=" + secret}, "token", "alice", "--store", dir)
			s.Must(servertest.WithToken(token.Stdout), `{ viewer { userId } }`, nil)
			s.Stop()

			s = servertest.StartAt(t, dir) // which makes a secret, if there is none
			token = servertest.Run(t, nil, "token", "alice", "--store", dir)
			s.Must(servertest.WithToken(token.Stdout), `{ viewer { userId } }`, nil)
		})
	}
}

// TestCommandSettings gives each command settings that are wrong: it refuses
// those that it uses, and no others.
func TestCommandSettings(t *testing.T) {
	server := []string{
		"DIALOGS_LIMIT_TOKENS=0", "DIALOGS_RATE_LIMIT=-1", "DIALOGS_JWKS_ISSUER=nobody", "DIALOGS_LOG_FORMAT=xml",
		"DIALOGS_DEV=true", "DIALOGS_LISTEN=0.0.0.0:0", "DIALOGS_REQUEST_TIMEOUT=0s",
	}
	short, long := []string{"DIALOGS_SECRET=short"}, []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32)}
	dir := filepath.Join(t.TempDir(), "data")
	const away = "mongodb://127.0.0.1:1/x"
	for _, test := range []struct {
		args   []string
		env    []string
		want   string // in the error; none when empty
		reason string
	}{
		{[]string{"apikey", "create", "x", "--store", dir}, server, "", "a server's settings"},
		{[]string{"apikey", "list", "--store", dir}, short, "", "a short secret"},
		{[]string{"apikey", "list", "--store", dir, "--store-timeout", "0s"}, nil, "--store-timeout", "a setting of the store"},
		{[]string{"apikey", "list", "--store", ""}, nil, "--store", "no store"},
		{[]string{"apikey", "list", "--store", away, "--mongo-pool-max", "1", "--mongo-pool-min", "2"}, nil, "oolSize", "more connections at least than at most"},
		{[]string{"apikey", "list", "--store", away + "?maxPoolSize=1", "--mongo-pool-min", "2"}, nil, "oolSize", "more connections than the URI lets"},
		{[]string{"apikey", "list", "--store", dir, "--mongo-pool-max", "1", "--mongo-pool-min", "2"}, nil, "", "MongoDB's settings"},
		{[]string{"token", "alice"}, server, "no store in ./data", "a server's settings, with nothing to sign with"},
		{[]string{"token", "alice"}, short, "--secret", "a short secret"},
		{[]string{"token", "alice"}, long, "", "a secret and no store"},
		{[]string{"token", "alice", "--store", away}, nil, "--secret", "MongoDB has no secret to sign with"},
		{[]string{"token", "alice", "--store", away}, long, "", "MongoDB is not asked"},
		{[]string{"token", "alice", "--store", "postgres://x"}, nil, "--store", "an unknown store"},
		{[]string{"version"}, append([]string{"DIALOGS_STROE=x"}, short...), "", "any settings"},
		{[]string{"help"}, server, "", "any settings"},
	} {
		t.Run(test.args[0]+" with "+test.reason, func(t *testing.T) {
			t.Chdir(t.TempDir())
			result := servertest.Run(t, test.env, test.args...)
			switch {
			case test.want == "" && (result.Code != 0 || result.Stdout == ""):
				t.Errorf("got code %d, %q and %q", result.Code, result.Stdout, result.Stderr)
			case test.want != "" && (result.Code != 1 || !strings.Contains(result.Stderr, test.want)):
				t.Errorf("got code %d and %q, want an error with %q", result.Code, result.Stderr, test.want)
			}
		})
	}
}
