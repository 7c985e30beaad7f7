package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// takes wants one argument for each name; none at all without names.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError{fmt.Sprintf("%q needs %s: %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "), cmd.UseLine())}
		case len(args) > len(names):
			return usageError{fmt.Sprintf("unexpected argument %q: %s", shown(args[len(names)]), cmd.UseLine())}
		}
		return nil
	}
}

// atLeast wants one argument for each name, and any number for the last.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return takes(names...)(cmd, args)
		}
		return nil
	}
}

// notEmpty refuses flags that were given without a value, most likely because a
// variable of the shell is empty. It must be called before the environment fills
// the flags: an empty environment variable is the same as none.
func notEmpty(fs *pflag.FlagSet) error {
	var errs []error
	fs.Visit(func(f *pflag.Flag) {
		if text := f.Value.String(); text == "" || text == "[]" {
			errs = append(errs, fmt.Errorf("%s is empty: give it a value, or leave it out", nameOf(f)))
		}
	})
	return errors.Join(errs...)
}

// exclusive refuses two flags at once.
func exclusive(fs *pflag.FlagSet, one, other string) error {
	if fs.Changed(one) && fs.Changed(other) {
		return errTogether(nameOf(fs.Lookup(one)), nameOf(fs.Lookup(other)))
	}
	return nil
}

func errTogether(one, other string) error {
	return fmt.Errorf("%s and %s cannot be given together", one, other)
}

// completionExamples load the completion into the current session of each shell.
var completionExamples = map[string]string{
	"bash":       "  source <(dialogs completion bash)",
	"zsh":        "  source <(dialogs completion zsh)",
	"fish":       "  dialogs completion fish | source",
	"powershell": "  dialogs completion powershell | Out-String | Invoke-Expression",
}

// completeHelp makes the commands that come with cobra refuse what they do not
// know, as the others do.
func completeHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Example = "  dialogs help apikey create"
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil {
					return err
				}
				if len(rest) > 0 {
					return noSuchCommand(found, rest)
				}
				found.InitDefaultHelpFlag()
				return found.Help()
			}
		case "completion":
			c.Args = noSuchCommand
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range c.Commands() {
				shell.Example = completionExamples[shell.Name()]
			}
		}
	}
}
