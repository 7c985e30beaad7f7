package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/dialog"
	"dialogs/transfer"
)

func (p *program) exportCommand() *cobra.Command {
	var user string
	var flag *pflag.Flag
	c := p.storeCommand(&cobra.Command{
		Use: "export FILE", Short: "Write all dialogs to a file as JSON Lines; works while a server runs",
		Long: `Writes the custom classes and every dialog with its history to a file that only
you can read, one JSON object per line, with the names of the GraphQL schema.
"dialogs import FILE" reads it into any store, where the dialogs are equal to
these. Credentials, webhooks and deleted dialogs are not exported.

To resume an export that was stopped, run it again with the same file. "-" writes
to standard output.

Each dialog is written as it is at that moment. For a copy of one moment, back up
the embedded store, restore it to another directory, and export that.

With --user, it writes everything that is kept about one user instead: the dialogs
that they are part of, and all changes that name them, also in dialogs that they left
or that were deleted. This can't be resumed or imported.`,
		Example: `  dialogs export dialogs.jsonl
  dialogs export --user alice alice.jsonl
  dialogs export - | gzip > dialogs.jsonl.gz`,
		Args: takes("FILE"),
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		if err := s.mustExist(); err != nil { // before a file is created
			return err
		}
		if flag.Changed {
			return onUser(ctx, s, "--user", user, func(st dialog.Store, user dialog.UserID) error {
				return p.exportUser(ctx, st, user, args[0])
			})
		}
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error {
			if args[0] == "-" {
				_, err := p.export(ctx, st, p.stdout, transfer.ExportPlace{})
				return err
			}
			return p.exportTo(ctx, st, args[0])
		})
	})
	c.Flags().StringVar(&user, "user", "", "write only what is kept about this user")
	flag = c.Flags().Lookup("user")
	return c
}

// exportTo writes to a file, after what it has already.
func (p *program) exportTo(ctx context.Context, st dialog.Store, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return outputError("FILE", filepath.Dir(path), err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	at, size, err := transfer.ReadExportPlace(file)
	if err != nil {
		return fmt.Errorf("%s has something else than an export, and is left as it is: %w", path, err)
	}
	if at.Done {
		_, err := fmt.Fprintf(p.stdout, "%s is complete: it has %s. To export again, choose another name, or remove it first.\n", path, dialogsOf(at.Dialogs))
		return err
	}
	if err := file.Truncate(size); err != nil {
		return err
	}
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return err
	}
	before := at.Dialogs
	if at, err = p.export(ctx, st, file, at); err != nil {
		return explainExport(err, path)
	}
	if err := file.Sync(); err != nil {
		return explainExport(err, path)
	}
	_, err = fmt.Fprintf(p.stdout, "Exported %s to %s (%d now).\n", dialogsOf(at.Dialogs), path, at.Dialogs-before)
	return err
}

func (p *program) export(ctx context.Context, st dialog.Store, to io.Writer, at transfer.ExportPlace) (transfer.ExportPlace, error) {
	buffered := bufio.NewWriterSize(to, 256<<10)
	progress := newProgress(p.stderr, "dialogs", time.Now)
	defer progress.end()
	at, err := transfer.Export(ctx, st, buffered, at, func(done int) { progress.at(done, 0) })
	return at, errors.Join(err, buffered.Flush())
}

// explainExport says how to go on after an export that has ended too early.
func explainExport(err error, path string) error {
	return fmt.Errorf("%w; to resume, run the command again with %s", err, path)
}
