package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"dialogs/store"
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
			if from == "" || to == "" || from == to {
				return errors.New("--from and --to must name two stores")
			}
			source, err := store.Open(cmd.Context(), from, s.storeOptions())
			if err != nil {
				return fmt.Errorf("--from: %w", err)
			}
			defer func() { err = errors.Join(err, source.Close()) }()
			target, err := store.Open(cmd.Context(), to, s.storeOptions())
			if err != nil {
				return fmt.Errorf("--to: %w", err)
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
