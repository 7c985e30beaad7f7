package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/quickblox"
	"dialogs/store"
	"dialogs/transfer"
)

// importActor is the name of the API key that change records show for imports.
// No API key can have this name, and no user can act as an API key, so that
// nothing else that happens to a dialog looks like an import.
const importActor = "(import)"

// An importation is one run of the command.
type importation struct {
	dryRun, verify, overwrite bool
	refusedFile               string
	progress                  *progress
	reasons                   reasons
	refused                   io.Writer // nil for nowhere
}

func (p *program) importCommand() *cobra.Command {
	var i importation
	var st storeSettings
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	c := &cobra.Command{
		Use:   "import [FILE|DIRECTORY|-]...",
		Short: "Import dialogs from QuickBlox with their ids",
		Long: `Reads QuickBlox's answers to GET /chat/Dialog.json: pages of the list, lists of
dialogs, or one dialog per line; and files that "dialogs export" wrote, with their
custom classes. In directories, it reads all files that end in .json, .jsonl or
.ndjson. Without arguments, or for "-", it reads standard input.

Dialogs that exist with the same content are skipped: to resume an import that
was stopped, run it again. A dialog that differs is changed to match the file. If
it was changed here since it was imported, or if an earlier version of this
program imported it, it is refused unless you add --overwrite. A dialog that was
deleted here is created again. Define custom classes first: data of unknown
classes is refused.

A new dialog keeps its created_at and updated_at. QuickBlox changes updated_at
with each message, so it may differ in a later file although the dialog is the
same: --verify reports such a difference, an import ignores it.

The report at the end counts the dialogs that could not be imported, with the
reasons. The command exits 1 if any dialog is refused, or if --verify finds a
difference. It works while a server runs.`,
		Example: `  dialogs import --dry-run pages/
  dialogs import pages/ --refused refused.jsonl`,
		PreRunE: p.prepare,
	}
	st.bind(c.Flags())
	bindLimits(c.Flags(), &policy.Limits)
	bindKept(c.Flags(), &policy.SyncKept)
	settable(c.Flags())
	c.Flags().BoolVar(&i.dryRun, "dry-run", false, "write nothing; report what would be done")
	c.Flags().BoolVar(&i.overwrite, "overwrite", false, "also change dialogs that were changed here since they were imported")
	c.Flags().BoolVar(&i.verify, "verify", false, "write nothing; compare each dialog with the one in the store, field by field")
	c.Flags().StringVar(&i.refusedFile, "refused", "", "file for the ids of all refused dialogs and the reasons, one per line")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(exclusive(cmd.Flags(), "dry-run", "verify"), exclusive(cmd.Flags(), "overwrite", "verify")); err != nil {
			return err
		}
		if err := st.validate(); err != nil {
			return err
		}
		sources, err := newSources(args, p.stdin)
		if err != nil {
			return err
		}
		i.progress = newProgress(p.stderr, "dialogs", time.Now)
		return p.runImport(cmd.Context(), &i, &st, policy, sources)
	}
	return c
}

// runImport opens what the import writes to. A new store comes last, and only when
// there is a dialog for it, so that an import that fails leaves none behind.
func (p *program) runImport(ctx context.Context, i *importation, st *storeSettings, policy dialog.Policy, sources *sources) (err error) {
	defer tuneCollector(importRoom)()
	defer func() { err = errors.Join(err, sources.close()) }()
	open := st.openExisting
	if exists, err := store.Exists(st.address); err == nil && !exists && !i.dryRun && !i.verify {
		found, err := sources.readAhead()
		switch {
		case err != nil:
			return err
		case found:
			open = func(ctx context.Context) (dialog.Store, error) { return st.open(ctx, nil) }
		default:
			open = nil
		}
	}
	if i.refusedFile != "" {
		file, err := os.OpenFile(i.refusedFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return outputError("--refused", filepath.Dir(i.refusedFile), err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		i.refused = file
	}
	if open == nil {
		return i.report(p.stdout, transfer.ImportReport{Refused: i.refuseAll(sources)})
	}
	opened, err := open(ctx)
	return with(opened, err, func(st dialog.Store) error { return i.run(ctx, st, policy, sources, p.stdout) })
}

// refuseAll notes why the sources that were read ahead have no dialog for the store.
func (i *importation) refuseAll(sources *sources) (refused int) {
	for _, a := range sources.ahead {
		i.note(a.dialog.ID.Value, quickblox.Explain(a.err))
	}
	return len(sources.ahead)
}

// run imports or verifies, and reports. It fails if any dialog is refused or
// differs.
func (i *importation) run(ctx context.Context, st dialog.Store, policy dialog.Policy, sources *sources, stdout io.Writer) error {
	importer := transfer.Importer{
		Store: st, Policy: policy, Actor: importActor, DryRun: i.dryRun, Overwrite: i.overwrite,
		Refused:  func(id string, why error) { i.note(id, quickblox.Explain(why)) },
		Progress: func(done int) { i.progress.at(done, sources.total(done)) },
	}
	if i.verify {
		r, runErr := importer.Verify(ctx, sources, func(id string, fields []string) {
			if fields == nil {
				i.note(id, "it is missing")
				return
			}
			i.note(id, "it differs in: "+strings.Join(fields, ", "))
		})
		return errors.Join(runErr, i.print(stdout, r.Different+r.Missing+r.Refused,
			fmt.Sprintf("same       %d\ndifferent  %d\nmissing    %d\nrefused    %d\n", r.Same, r.Different, r.Missing, r.Refused)))
	}
	r, err := importer.Import(ctx, sources)
	return errors.Join(err, i.report(stdout, r))
}

// report prints what the import came to.
func (i *importation) report(stdout io.Writer, r transfer.ImportReport) error {
	return i.print(stdout, r.Refused, fmt.Sprintf("created  %d\nsame     %d\nchanged  %d\nrefused  %d\n", r.Created, r.Same, r.Changed, r.Refused))
}

// print prints a report and the reasons. Dialogs that are not as they should be
// are an error.
func (i *importation) print(stdout io.Writer, failed int, report string) error {
	i.progress.end()
	if _, err := fmt.Fprint(stdout, report+i.reasons.String()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%s from the source", dialog.Counted(failed, "dialog differs", "dialogs differ"))
	}
	return nil
}

// note records why a dialog was refused or differs.
func (i *importation) note(id, why string) {
	i.reasons.add(id, why)
	if i.refused != nil {
		_ = writeVisible(i.refused, map[string]string{"_id": id, "why": why}) // its file's Close tells
	}
}
