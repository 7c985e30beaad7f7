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
	var limits dialog.Limits
	c := &cobra.Command{
		Use:   "import [FILE|DIRECTORY|-]...",
		Short: "Import dialogs from QuickBlox with their ids",
		Long: `Reads QuickBlox's answers to GET /chat/Dialog.json: pages of the list, lists of
dialogs, or one dialog per line. In directories, it reads all files that end in
.json, .jsonl or .ndjson. Without arguments, or for "-", it reads standard input.

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
	bindLimits(c.Flags(), &limits)
	settable(c.Flags())
	c.Flags().BoolVar(&i.dryRun, "dry-run", false, "write nothing; report what would be done")
	c.Flags().BoolVar(&i.overwrite, "overwrite", false, "also change dialogs that were changed here since they were imported")
	c.Flags().BoolVar(&i.verify, "verify", false, "write nothing; compare each dialog with the one in the store, field by field")
	c.Flags().StringVar(&i.refusedFile, "refused", "", "file for the ids of all refused dialogs and the reasons, one per line")
	c.MarkFlagsMutuallyExclusive("dry-run", "verify")
	c.MarkFlagsMutuallyExclusive("overwrite", "verify")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := st.validate(); err != nil {
			return err
		}
		sources, err := newSources(args, p.stdin)
		if err != nil {
			return err
		}
		open := func() (dialog.Store, error) { return st.open(cmd.Context(), nil) }
		if i.dryRun || i.verify {
			open = func() (dialog.Store, error) { return st.openExisting(cmd.Context()) }
		}
		i.progress = newProgress(p.stderr, "dialogs", time.Now)
		return p.runImport(cmd.Context(), &i, open, limits, sources)
	}
	return c
}

// runImport opens what the import writes to. The store comes last, so that an
// import that fails before leaves none behind.
func (p *program) runImport(ctx context.Context, i *importation, open func() (dialog.Store, error), limits dialog.Limits, sources *sources) (err error) {
	if i.refusedFile != "" {
		file, err := os.OpenFile(i.refusedFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return outputError("--refused", filepath.Dir(i.refusedFile), err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		i.refused = file
	}
	st, err := open()
	return with(st, err, func(st dialog.Store) error { return i.run(ctx, st, limits, sources, p.stdout) })
}

// run imports or verifies, and reports. It fails if any dialog is refused or
// differs.
func (i *importation) run(ctx context.Context, st dialog.Store, limits dialog.Limits, sources *sources, stdout io.Writer) (err error) {
	defer func() { err = errors.Join(err, sources.close()) }()
	importer := transfer.Importer{
		Store: st, Policy: dialog.DefaultPolicy(limits), Actor: importActor, DryRun: i.dryRun, Overwrite: i.overwrite,
		Refused:  func(id string, why error) { i.note(id, quickblox.Explain(why)) },
		Progress: func(done int) { i.progress.at(done, sources.total(done)) },
	}
	var failed int
	var report string
	if i.verify {
		r, runErr := importer.Verify(ctx, sources, func(id string, fields []string) {
			if fields == nil {
				i.note(id, "it is missing")
				return
			}
			i.note(id, "it differs in: "+strings.Join(fields, ", "))
		})
		err, failed = runErr, r.Different+r.Missing+r.Refused
		report = fmt.Sprintf("same       %d\ndifferent  %d\nmissing    %d\nrefused    %d\n", r.Same, r.Different, r.Missing, r.Refused)
	} else {
		r, runErr := importer.Import(ctx, sources)
		err, failed = runErr, r.Refused
		report = fmt.Sprintf("created  %d\nsame     %d\nchanged  %d\nrefused  %d\n", r.Created, r.Same, r.Changed, r.Refused)
	}
	i.progress.end()
	if _, printErr := fmt.Fprint(stdout, report+i.reasons.String()); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d dialogs differ from the source", failed)
	}
	return err
}

// note records why a dialog was refused or differs.
func (i *importation) note(id, why string) {
	i.reasons.add(id, why)
	if i.refused != nil {
		_ = writeVisible(i.refused, map[string]string{"_id": id, "why": why}) // its file's Close tells
	}
}
