package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1
)

// A program is one run of the command line, with its input and output.
type program struct {
	env            environment
	now            func() time.Time // the clock of a server
	stdin          io.Reader
	stdout, stderr io.Writer
}

// Run runs the command line until it is done or, for a server, until ctx ends.
// environ is in the form of os.Environ. It returns the exit code; an error has
// been written to stderr.
func Run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return RunAt(ctx, time.Now, args, environ, stdin, stdout, stderr)
}

// RunAt is Run with another clock for the server, which tests can set back and forward. Other
// commands, and deadlines of connections, use the system's.
func RunAt(ctx context.Context, now func() time.Time, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	p := &program{env: newEnvironment(environ), now: now, stdin: stdin, stdout: out, stderr: stderr}
	root := p.root()
	root.SetArgs(append([]string{}, args...)) // for nil, cobra would read os.Args
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.failed()
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "dialogs:", visibleLines(explain(err)))
		return exitFailed
	}
	return exitOK
}

// root is the command line.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "dialogs",
		Short: "A GraphQL API server for chat conversations (dialogs)",
		Long: `A GraphQL API server for chat conversations (dialogs).

Every flag of a server or a store is also an environment variable, named in the
flag's help; a flag wins.`,
		Example: `  dialogs serve --dev                        try it out on 127.0.0.1:8080
  dialogs apikey create backend              create an API key and print it
  dialogs token alice                        print a session token for a user
  dialogs check                              check the configuration`,
		Version:       version(),
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetVersionTemplate("dialogs {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	addGroup(root, "Server:", p.serveCommand(), p.checkCommand(), p.healthcheckCommand())
	addGroup(root, "Credentials:", p.apiKeyCommand(), p.tokenCommand(), p.sessionCommand(), p.userCommand())
	addGroup(root, "Dialogs:", p.findCommand(), p.showCommand(), p.historyCommand(), p.renameCommand(), p.addCommand(), p.removeCommand(), p.deleteCommand())
	addGroup(root, "Data:", p.statsCommand(), p.backupCommand(), p.restoreCommand(), p.importCommand(), p.exportCommand(), p.eraseCommand(), p.migrateCommand(), p.webhookCommand())
	root.AddCommand(p.versionCommand(), p.manCommand())
	completeHelp(root)
	return root
}

// addGroup adds commands that the help shows together, under a title.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
}

// noSuchCommand refuses words that are not a command, and suggests similar ones.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q for %q", shown(args[0]), cmd.CommandPath())
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if similar := likeliest(args[0], cmd.SuggestionsFor(args[0])); len(similar) > 0 {
		message += "; did you mean \"" + strings.Join(similar, `" or "`) + "\"?"
	} else {
		message += fmt.Sprintf("; run %q to list the commands", cmd.CommandPath()+" --help")
	}
	return usageError{message}
}

// A group is a command that only has other commands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(commands...)
	return c
}

// usageError is an invalid command line.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// likeliest are those of the names that begin with what was typed, if any do.
func likeliest(typed string, names []string) []string {
	var longer []string
	for _, name := range names {
		if strings.HasPrefix(name, typed) {
			longer = append(longer, name)
		}
	}
	if longer == nil {
		return names
	}
	return longer
}
