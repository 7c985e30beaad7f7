package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/store"
	"dialogs/transfer"
)

func (p *program) migrateCommand() *cobra.Command {
	var s storeSettings
	var from, to string
	c := &cobra.Command{
		Use:   "migrate --from STORE --to STORE",
		Short: "Copy all dialogs, classes, API keys and webhooks from one store to another",
		Long: `Copies every dialog with its history, every class, API key and webhook, the list
of ended sessions, and which users are suspended, were erased or are being erased,
from one store to another, and then compares both by count and checksum. The
target must be empty, or the copy of an earlier run: run the command again to
resume. Stop all servers that write to either store first.

Deleted dialogs, who left which dialog, and the idempotency keys of creations are
not copied: clients that were offline have to read everything again, and every
webhook gets a "gap". The secret that signs session tokens is not copied either,
and the secrets of webhooks are encrypted with it: start the server on the new
store with --secret set to the content of the file "secret" in the old directory,
or everyone has to sign in again, and every webhook needs a new secret.`,
		Example: "  dialogs migrate --from ./data --to mongodb://127.0.0.1:27017/dialogs",
		Args:    takes(), PreRunE: p.prepare,
	}
	s.bindOptions(c.Flags())
	settable(c.Flags())
	c.Flags().StringVar(&from, "from", "", "store to copy: a directory or a MongoDB URI")
	c.Flags().StringVar(&to, "to", "", "store to copy to: a directory or a MongoDB URI")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(checkAddress("from", from), checkAddress("to", to)); err != nil {
			return err
		}
		if samePlace(from, to) {
			return errors.New("--from and --to must name two different stores")
		}
		source, err := s.openExistingAt(cmd.Context(), "from", from)
		return with(source, err, func(source dialog.Store) error {
			// A source that cannot be read must not leave a new, empty target.
			if _, err := source.Classes(cmd.Context()); err != nil {
				return fmt.Errorf("--from: %w", err)
			}
			target, err := s.openAt(cmd.Context(), "to", to, nil)
			return with(target, err, func(target dialog.Store) error { return p.migrate(cmd.Context(), source, target) })
		})
	}
	return c
}

// migrate copies, and reports.
func (p *program) migrate(ctx context.Context, source, target dialog.Store) error {
	progress := newProgress(p.stderr, "dialogs", time.Now)
	report, err := transfer.Migrate(ctx, time.Now(), source, target, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s (%d copied now), %s, %s and %s are the same in both stores; SHA-256 %x\nNot copied: the secret that signs session tokens, deleted dialogs, who left which dialog, idempotency keys of creations\n",
		dialogsOf(report.Dialogs), report.Copied, dialog.Counted(report.Classes, "class", "classes"),
		dialog.Counted(report.Keys, "API key", "API keys"), dialog.Counted(report.Webhooks, "webhook", "webhooks"), report.Checksum)
	return err
}

// samePlace reports whether two addresses select the same store, even by
// different paths or links. A directory that does not exist is different from
// all others.
func samePlace(from, to string) bool {
	if from == to {
		return true
	}
	if store.KindOf(from) != store.Embedded || store.KindOf(to) != store.Embedded {
		return false
	}
	one, oneErr := os.Stat(from)
	other, otherErr := os.Stat(to)
	return oneErr == nil && otherErr == nil && os.SameFile(one, other)
}
