package cli_test

import (
	"strings"
	"testing"

	"dialogs/servertest"
)

func TestHelpAndVersion(t *testing.T) {
	for _, test := range []struct {
		args   []string
		want   []string
		reason string
	}{
		{nil, []string{"Usage:", "serve", "apikey", "token", "check", "completion", "Examples:"}, "no command at all"},
		{[]string{"--help"}, []string{"serve", "import", "migrate", "version"}, "the program's help"},
		{[]string{"serve", "--help"}, []string{"--listen", "[DIALOGS_LISTEN]", "--store", "DIALOGS_SECRET", "requests per second per user"}, "a server's help"},
		{[]string{"apikey"}, []string{"create", "list", "revoke"}, "a group of commands"},
		{[]string{"version"}, []string{"dialogs "}, "the version as a command"},
		{[]string{"--version"}, []string{"dialogs ", "go1."}, "the version as a flag"},
		{[]string{"completion", "bash"}, []string{"complete"}, "completion for a shell"},
		{[]string{"completion", "zsh"}, []string{"#compdef dialogs"}, "completion for another shell"},
		{[]string{"completion", "fish"}, []string{"complete -c dialogs"}, "completion for a third shell"},
		{[]string{"completion"}, []string{"bash", "zsh", "fish"}, "the shells that have completion"},
		{[]string{"help", "serve"}, []string{"--listen"}, "the help of a command"},
		{[]string{"help", "apikey", "create"}, []string{"dialogs apikey create NAME"}, "the help of a command of a group"},
	} {
		result := servertest.Run(t, nil, test.args...)
		if result.Code != 0 || result.Stderr != "" {
			t.Errorf("%s: got code %d and %q", test.reason, result.Code, result.Stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(result.Stdout, want) {
				t.Errorf("%s: the output lacks %q:\n%s", test.reason, want, result.Stdout)
			}
		}
	}
	if help := servertest.Run(t, nil, "token", "--help"); strings.Contains(help.Stdout, "--limit-") || strings.Contains(help.Stdout, "--listen") {
		t.Errorf("token has flags of a server:\n%s", help.Stdout)
	}
}

func TestMistypedCommands(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"serv", `unknown command "serv" for "dialogs"; did you mean "serve"?`},
		{"nonsense", `unknown command "nonsense" for "dialogs"; run "dialogs --help" to list the commands`},
		{"apikey creat", `unknown command "creat" for "dialogs apikey"; did you mean "create"?`},
		{"token alice --tll 1h", `unknown flag --tll for "dialogs token"; did you mean --ttl?`},
		{"token alice --ttl 60", `--ttl "60": needs a unit, for example 60s`},
		{"token alice --ttl", `--ttl needs a value`},
		{"token alice --listen x", `unknown flag --listen for "dialogs token"`},
		{"--listen x", `unknown flag --listen for "dialogs"; did you mean "dialogs serve --listen"?`},
		{"serve -listen x", `unknown flag -listen for "dialogs serve"; did you mean --listen?`},
		{"serve -x", `unknown flag -x for "dialogs serve"; run "dialogs serve --help" to list the flags`},
		{"serve --dev false", `unexpected argument "false": dialogs serve [flags]`},
		{"version x", `unexpected argument "x": dialogs version`},
		{"token", `"dialogs token" needs USER: dialogs token USER [flags]`},
		{"token alice bob", `unexpected argument "bob": dialogs token USER [flags]`},
		{"apikey create", `"dialogs apikey create" needs NAME`},
		{"apikey revoke a b", `unexpected argument "b"`},
		{"webhook add", `"dialogs webhook add" needs URL`},
		{"webhook show", `"dialogs webhook show" needs ID`},
		{"webhook list x", `unexpected argument "x"`},
		{"backup", `"dialogs backup" needs FILE`},
		{"restore", `"dialogs restore" needs FILE`},
		{"help serv", `unknown command "serv" for "dialogs"; did you mean "serve"?`},
		{"help apikey creat", `unknown command "creat" for "dialogs apikey"; did you mean "create"?`},
		{"help nonsense", `unknown command "nonsense" for "dialogs"`},
		{"completion tcsh", `unknown command "tcsh" for "dialogs completion"; did you mean "bash" or "fish" or "zsh"?`},
	} {
		result := servertest.Run(t, nil, strings.Fields(test.args)...)
		if result.Code != 1 || result.Stdout != "" || strings.Contains(result.Stderr, "\n") || !strings.Contains(result.Stderr, test.want) {
			t.Errorf("dialogs %s: got code %d and %q, want %q", test.args, result.Code, result.Stderr, test.want)
		}
	}
}

// TestFlagsAlone: flags that belong to one command are not environment variables, which other
// programs might have set to something else.
func TestFlagsAlone(t *testing.T) {
	for _, args := range []string{"apikey create", "session end", "webhook add", "webhook replay", "find", "history", "rename"} {
		help := servertest.Run(t, nil, append(strings.Fields(args), "--help")...).Stdout
		for _, flag := range []string{"ONLY", "ASPECTS", "TYPES", "CLASS", "WITH_DIALOG", "SINCE", "SCOPES", "EXPIRES", "NOTE", "USER", "OF", "TYPE", "AS_USER", "JSON"} {
			if strings.Contains(help, "[DIALOGS_"+flag+"]") {
				t.Errorf("dialogs %s: DIALOGS_%s is a variable", args, flag)
			}
		}
		if !strings.Contains(help, "[DIALOGS_STORE]") {
			t.Errorf("dialogs %s: DIALOGS_STORE is not a variable", args)
		}
	}
}
