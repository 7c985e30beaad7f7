package transfer

import (
	"context"
	"fmt"
	"io"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// exportFormat is the version of the format of exports.
const exportFormat = 1

// An exportLine is one line of an export: first its format, then the custom classes,
// then the dialogs in the order of their ids, and at last the end.
type exportLine struct {
	// Format is only in the first line.
	Format int `json:"dialogsExport,omitempty"`
	// Class is a custom class.
	Class *dialogjson.Class `json:"customClass,omitempty"`
	// End is in the last line, which says that nothing is missing.
	End *exportEnd `json:"end,omitempty"`
	// The other lines are a dialog each.
	*dialogjson.Exported
}

type exportEnd struct {
	Dialogs int `json:"dialogs"`
}

// An ExportPlace is how far an export has come.
type ExportPlace struct {
	// After is the id of the last dialog.
	After dialog.ID
	// Dialogs is how many dialogs there are so far.
	Dialogs int
	// Done means that the export is complete.
	Done bool
	// Begun means that the lines before the first dialog are there.
	Begun bool
}

// Export writes all classes and dialogs of a store as JSON Lines, a dialog per line, and
// continues where an earlier export ended. Each dialog is written as it is at that moment:
// for a copy of one moment, export a backup. progress is called with the number of dialogs
// so far.
func Export(ctx context.Context, store dialog.Store, w io.Writer, at ExportPlace, progress func(done int)) (ExportPlace, error) {
	if at.Done {
		return at, nil
	}
	if !at.Begun {
		if err := beginExport(ctx, store, w); err != nil {
			return at, err
		}
		at.Begun = true
	}
	r := reader{archive: store, after: at.After}
	for {
		dialogs, err := r.next(ctx)
		if err != nil {
			return at, fmt.Errorf("reading dialogs: %w", err)
		}
		if len(dialogs) == 0 {
			break
		}
		for i := range dialogs {
			if err := writeLine(w, exportLine{Exported: dialogjson.NewExported(&dialogs[i])}); err != nil {
				return at, err
			}
			at.After = dialogs[i].ID
			at.Dialogs++
		}
		progress(at.Dialogs)
	}
	at.Done = true
	return at, writeLine(w, exportLine{End: &exportEnd{at.Dialogs}})
}

func beginExport(ctx context.Context, store dialog.Store, w io.Writer) error {
	classes, err := store.Classes(ctx)
	if err != nil {
		return fmt.Errorf("reading the custom classes: %w", err)
	}
	if err := writeLine(w, exportLine{Format: exportFormat}); err != nil {
		return err
	}
	for i := range classes {
		if err := writeLine(w, exportLine{Class: dialogjson.NewClass(&classes[i])}); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(w io.Writer, line any) error {
	text, err := dialog.MarshalPlain(line)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
