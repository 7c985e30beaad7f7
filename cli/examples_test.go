package cli

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestExamples looks for an example in the help of every command that does something, and
// parses the command lines in them.
func TestExamples(t *testing.T) {
	tried := map[string]bool{}
	eachCommand(new(program).root(), func(c *cobra.Command) {
		if !c.HasSubCommands() && c.Example == "" {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		own := false
		for _, args := range commandLines(c.Example) {
			found, err := parsed(args)
			if err != nil {
				t.Errorf("%s --help: %q: %v", c.CommandPath(), args, err)
				continue
			}
			tried[found] = true
			own = own || found == c.CommandPath()
		}
		if c.Example != "" && !own && c.HasParent() && c.Name() != "help" {
			t.Errorf("%s --help has no example of this command:\n%s", c.CommandPath(), c.Example)
		}
	})
	if len(tried) < 40 {
		t.Errorf("only %d commands have an example", len(tried))
	}
}

func eachCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, do)
	}
}

// exampleWord is a word of a command line: in quotes, with another command in it, or neither.
var exampleWord = regexp.MustCompile(`"[^"]*"|(?:[^\s"$]|\$\([^)]*\))+`)

// commandLines are the arguments of every call of the program in an example. The help of
// the program itself has a comment after two blanks.
func commandLines(example string) (all [][]string) {
	for line := range strings.Lines(example) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   ")
		for _, call := range regexp.MustCompile(` && | \| |<\(|\)$`).Split(line, -1) {
			words := exampleWord.FindAllString(call, -1)
			if len(words) == 0 || words[0] != "dialogs" {
				continue
			}
			for i, w := range words {
				words[i] = strings.Trim(w, `"`)
			}
			all = append(all, words[1:])
		}
	}
	return all
}

// parsed is the command that a command line selects; an error if its flags or arguments
// are invalid.
func parsed(args []string) (path string, err error) {
	root := new(program).root()
	root.SetOut(io.Discard)
	c, rest, err := root.Find(args)
	if err != nil {
		return "", err
	}
	if err := c.ParseFlags(rest); err != nil {
		return "", err
	}
	return c.CommandPath(), c.ValidateArgs(c.Flags().Args())
}
