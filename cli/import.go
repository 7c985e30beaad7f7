package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/quickblox"
	"dialogs/transfer"
)

// importActor is who is said to have made imported dialogs.
const importActor = "import"

// An importation is one run of the command.
type importation struct {
	dryRun, verify, overwrite bool
	refusedFile               string
	progress                  *progress
	reasons                   reasons
	refused                   *json.Encoder // nil for nowhere
}

func importCommand(s *settings, stdout, stderr io.Writer) *cobra.Command {
	var i importation
	c := &cobra.Command{
		Use:   "import [FILE|DIRECTORY|-]...",
		Short: "Bring dialogs of QuickBlox into the store, each under its id",
		Long: `Reads what QuickBlox answers to GET /chat/Dialog.json: pages of the list, lists
of dialogs, or one dialog a line. Of directories it takes the files that end in
.json, .jsonl or .ndjson; without any name, or of -, standard input.

A dialog that is there and says the same is passed over, so that a run which was
stopped is gone on with by running it again; one that differs is changed to what
the file says. One that somebody changed here since it was imported is refused,
unless --overwrite is given. One that was deleted here is made again. Custom
classes must be defined before: data of unknown ones is refused.

A dialog's created_at and updated_at come with it when it is made. QuickBlox
moves updated_at with each message, so that of a later file may differ although
the dialog is the same: --verify tells, an import leaves it.

Dialogs that can't be imported leave the others alone: the report at the end
says how many, why and the first of them. The exit status is then 1, and so it
is when --verify finds any difference. It works while a server runs.`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := s.limits.Validate(); err != nil {
				return err
			}
			if i.refusedFile != "" {
				file, err := os.OpenFile(i.refusedFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
				if err != nil {
					return fmt.Errorf("--refused: %w", err)
				}
				defer func() { err = errors.Join(err, file.Close()) }()
				i.refused = json.NewEncoder(file)
			}
			i.progress = newProgress(stderr, "dialogs", time.Now)
			return s.withStore(cmd.Context(), !i.dryRun && !i.verify, func(st dialog.Store) error {
				return i.run(cmd.Context(), st, s.limits, newSources(args, cmd.InOrStdin()), stdout)
			})
		},
	}
	c.Flags().BoolVar(&i.dryRun, "dry-run", false, "write nothing; tell what would be done")
	c.Flags().BoolVar(&i.overwrite, "overwrite", false, "change also dialogs that somebody changed here since they were imported")
	c.Flags().BoolVar(&i.verify, "verify", false, "write nothing; compare each dialog with the one in the store, field by field")
	c.Flags().StringVar(&i.refusedFile, "refused", "", "file for the ids of all dialogs that can't be imported, and why: one a line")
	c.MarkFlagsMutuallyExclusive("dry-run", "verify")
	c.MarkFlagsMutuallyExclusive("overwrite", "verify")
	return c
}

// run imports or verifies, and reports. Dialogs that are not as they should be
// in the end are an error.
func (i *importation) run(ctx context.Context, st dialog.Store, limits dialog.Limits, sources *sources, stdout io.Writer) (err error) {
	defer func() { err = errors.Join(err, sources.close()) }()
	importer := transfer.Importer{
		Store: st, Limits: limits, Actor: importActor, DryRun: i.dryRun, Overwrite: i.overwrite,
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
		err = fmt.Errorf("%d dialogs are not as in the source", failed)
	}
	return err
}

// note keeps why a dialog is not as in the source.
func (i *importation) note(id, why string) {
	i.reasons.add(id, why)
	if i.refused != nil {
		_ = i.refused.Encode(map[string]string{"_id": id, "why": why}) // its file's Close tells
	}
}

// reasons are why dialogs are not as in the source: how many for each, and the
// ids of the first. It stays small however many there are.
type reasons struct {
	all    map[string]*reason
	others int
}

type reason struct {
	count int
	ids   []string
}

const (
	reasonsMost = 100
	idsMost     = 3
)

func (r *reasons) add(id, why string) {
	if r.all == nil {
		r.all = map[string]*reason{}
	}
	known := r.all[why]
	if known == nil {
		if len(r.all) == reasonsMost {
			r.others++
			return
		}
		known = &reason{}
		r.all[why] = known
	}
	known.count++
	if len(known.ids) < idsMost {
		known.ids = append(known.ids, id)
	}
}

// String lists the reasons, the commonest first.
func (r *reasons) String() string {
	var b strings.Builder
	texts := slices.SortedFunc(maps.Keys(r.all), func(x, y string) int {
		return cmp.Or(cmp.Compare(r.all[y].count, r.all[x].count), cmp.Compare(x, y))
	})
	for _, text := range texts {
		known := r.all[text]
		more := ""
		if known.count > len(known.ids) {
			more = ", …"
		}
		fmt.Fprintf(&b, "%d × %s (%s%s)\n", known.count, text, strings.Join(known.ids, ", "), more)
	}
	if r.others > 0 {
		fmt.Fprintf(&b, "%d × for other reasons\n", r.others)
	}
	return b.String()
}

// sources are files and standard input, one after another.
type sources struct {
	names []string // not opened yet
	stdin io.Reader

	name   string
	file   io.Closer
	reader *quickblox.Reader
	told   int // the largest total so far
}

func newSources(args []string, stdin io.Reader) *sources {
	if len(args) == 0 {
		args = []string{"-"}
	}
	return &sources{names: args, stdin: stdin}
}

// Next is the next dialog of all of them.
func (s *sources) Next() (dialog.Foreign, error) {
	for {
		if s.reader == nil {
			if len(s.names) == 0 {
				return dialog.Foreign{}, io.EOF
			}
			if err := s.open(); err != nil {
				return dialog.Foreign{}, err
			}
			continue
		}
		f, err := s.reader.Next()
		switch {
		case err == nil, dialog.IsCode(err, dialog.Invalid):
			return f, err
		case !errors.Is(err, io.EOF):
			return f, fmt.Errorf("%s: %w", s.name, err)
		}
		if err := s.close(); err != nil {
			return f, err
		}
	}
}

// open opens the next name; of a directory, it takes the files into the names.
func (s *sources) open() error {
	s.name, s.names = s.names[0], s.names[1:]
	if s.name == "-" {
		s.reader = quickblox.NewReader(s.stdin)
		return nil
	}
	entries, err := os.ReadDir(s.name) // in the order of their names
	if err == nil {
		var files []string
		for _, entry := range entries {
			if slices.Contains([]string{".json", ".jsonl", ".ndjson"}, filepath.Ext(entry.Name())) && !entry.IsDir() {
				files = append(files, filepath.Join(s.name, entry.Name()))
			}
		}
		s.names = append(files, s.names...)
		return nil
	}
	file, err := os.Open(s.name)
	if err != nil {
		return err
	}
	s.file, s.reader = file, quickblox.NewReader(file)
	return nil
}

func (s *sources) close() error {
	s.reader = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// total is how many dialogs there are, as far as the sources tell; else 0.
func (s *sources) total(done int) int {
	if s.reader != nil {
		s.told = max(s.told, s.reader.Total())
	}
	if done > s.told { // what they tell is of a part alone
		return 0
	}
	return s.told
}
