package cli

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual pages of a release. SOURCE_DATE_EPOCH is their date.
func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIRECTORY", Short: "Write the manual pages, for packages", Args: takes("DIRECTORY"), Hidden: true,
		Example: "  dialogs man ./man1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // a package's files are for everyone
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "DIALOGS", Section: "1", Source: "Dialogs", Manual: "Dialogs"}, args[0])
		},
	}
}
