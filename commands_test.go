package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMistypedStore runs commands on a directory that has no store: only those
// that fill one make it.
func TestMistypedStore(t *testing.T) {
	full := filepath.Join(t.TempDir(), "data")
	if err := run(t.Context(), []string{"apikey", "create", "x", "--store", full}, noEnvironment, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, test := range []struct {
		args   []string
		want   string
		reason string
	}{
		{[]string{"apikey", "list", "--store", "typo"}, "--store: there is no store in typo", "there is nothing to list"},
		{[]string{"apikey", "revoke", "x", "--store", "typo"}, "--store: there is no store in typo", "there is nothing to revoke"},
		{[]string{"apikey", "list", "--store", empty}, "there is no store in " + empty, "a directory is no store"},
		{[]string{"token", "alice", "--store", "typo"}, "no server has served typo", "no server would take the token"},
		{[]string{"token", "alice", "--store", full}, "no server has served", "a store that was never served has no secret"},
		{[]string{"migrate", "--from", "typo", "--to", "new"}, "--from: there is no store in typo", "there is nothing to copy, and no reason to make its target"},
		{[]string{"migrate", "--from", full, "--to", full + "/../data/"}, "two stores", "the same by another path"},
		{[]string{"migrate", "--from", "link", "--to", full}, "two stores", "the same by a link"},
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
			err := run(t.Context(), test.args, noEnvironment, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			for _, where := range []string{dir, empty} {
				entries, err := os.ReadDir(where)
				if err != nil || len(entries) > 0 && (len(entries) != 1 || entries[0].Name() != "link") {
					t.Errorf("it left %v (error %v)", entries, err)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(full, "secret")); !os.IsNotExist(err) {
		t.Errorf("a secret was made without a server: %v", err)
	}
}

// TestCommandSettings gives each command settings that are wrong: it refuses
// those that it uses, and no others.
func TestCommandSettings(t *testing.T) {
	server := map[string]string{
		"DIALOGS_LIMIT_NAME": "0", "DIALOGS_RATE_LIMIT": "-1", "DIALOGS_JWKS_ISSUER": "nobody", "DIALOGS_LOG_FORMAT": "xml",
		"DIALOGS_DEV": "true", "DIALOGS_LISTEN": "0.0.0.0:0", "DIALOGS_REQUEST_TIMEOUT": "0s",
	}
	short, long := map[string]string{"DIALOGS_SECRET": "short"}, map[string]string{"DIALOGS_SECRET": strings.Repeat("x", 32)}
	dir := filepath.Join(t.TempDir(), "data")
	const away = "mongodb://127.0.0.1:1/x"
	for _, test := range []struct {
		args   []string
		env    map[string]string
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
		{[]string{"apikey", "bogus"}, nil, "bogus", "an unknown command of a group"},
		{[]string{"token", "alice"}, server, "no server has served", "a server's settings, with nothing to sign by"},
		{[]string{"token", "alice"}, short, "--secret", "a short secret"},
		{[]string{"token", "alice"}, long, "", "a secret and no store"},
		{[]string{"token", "alice", "--store", away}, nil, "--secret", "MongoDB has no secret to sign by"},
		{[]string{"token", "alice", "--store", away}, long, "", "MongoDB is not asked"},
		{[]string{"token", "alice", "--store", "postgres://x"}, nil, "--store", "an unknown store"},
		{[]string{"version"}, map[string]string{"DIALOGS_LIMIT_NAME": "many", "DIALOGS_SECRET": "short"}, "", "any settings"},
		{[]string{"help"}, server, "", "any settings"},
	} {
		t.Run(strings.Join(test.args[:1], "")+" with "+test.reason, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var stdout bytes.Buffer
			err := run(t.Context(), test.args, func(name string) string { return test.env[name] }, &stdout, io.Discard)
			switch {
			case test.want == "" && (err != nil || stdout.Len() == 0):
				t.Errorf("got the error %v and %q", err, stdout.String())
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}
