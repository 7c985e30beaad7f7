package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"dialogs/transfer"
)

func migrateCommand(s *settings, stdout, stderr io.Writer) *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "migrate --from STORE --to STORE",
		Short: "Copy every dialog, class and API key from one store to another",
		Long: `Copies every dialog with its history, every class and every API key from one
store to another, and then compares both by count and checksum. A run that was
stopped is gone on with by running it again. No server must write to either
store meanwhile. Deleted dialogs and the keys of creations, which are kept for a
day, stay behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if samePlace(from, to) {
				return errors.New("--from and --to must name two stores")
			}
			if err := errors.Join(s.checkStore("--from", from), s.checkStore("--to", to)); err != nil {
				return err
			}
			source, err := s.openStore(cmd.Context(), "--from", from, false, nil)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, source.Close()) }()
			target, err := s.openStore(cmd.Context(), "--to", to, true, nil)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, target.Close()) }()
			progress := newProgress(stderr, "dialogs", time.Now)
			report, err := transfer.Migrate(cmd.Context(), source, target, progress.at)
			progress.end()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "%d dialogs (%d copied now), %d classes and %d API keys are the same in both stores; SHA-256 %x\n",
				report.Dialogs, report.Copied, report.Classes, report.Keys, report.Checksum)
			return err
		},
	}
	c.Flags().StringVar(&from, "from", "", "the store to copy: a directory or a MongoDB URI")
	c.Flags().StringVar(&to, "to", "", "the store to copy to: a directory or a MongoDB URI")
	return c
}

// samePlace tells whether two addresses are of one store, by whatever path or
// link. A directory that is not there is no other's.
func samePlace(from, to string) bool {
	if from == to {
		return true
	}
	if !isDirectory(from) || !isDirectory(to) {
		return false
	}
	one, oneErr := os.Stat(from)
	other, otherErr := os.Stat(to)
	return oneErr == nil && otherErr == nil && os.SameFile(one, other)
}
