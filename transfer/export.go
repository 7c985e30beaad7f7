package transfer

import (
	"context"
	"fmt"
	"io"
	"slices"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// exportFormat is the version of the format of exports.
const exportFormat = 1

// An exportLine is one line of an export: first the format, then the custom classes, then
// the dialogs in the order of their ids, and finally the end. A class that gets fields while
// the export runs, or before it is resumed, comes again, before the dialogs that have them.
type exportLine struct {
	// Format is in the first line only.
	Format int `json:"dialogsExport,omitempty"`
	// Class is a custom class.
	Class *dialogjson.Class `json:"customClass,omitempty"`
	// End is in the last line, which confirms that nothing is missing.
	End *exportEnd `json:"end,omitempty"`
	// Each of the other lines has one dialog.
	*dialogjson.Exported
}

type exportEnd struct {
	Dialogs int `json:"dialogs"`
}

// An ExportPlace is the position of an export.
type ExportPlace struct {
	// After is the id of the last dialog.
	After dialog.ID
	// Dialogs is the number of dialogs that were written so far.
	Dialogs int
	// Done means that the export is complete.
	Done bool
	// Begun means that all lines before the first dialog were written.
	Begun bool
	// Classes are the custom classes that were written; of several with one name, the last
	// counts.
	Classes []dialog.Class
}

// Export writes all classes and dialogs of a store as JSON Lines, one dialog per line, and
// resumes where an earlier export ended. Each dialog is written as it is when it is read;
// for the state of all dialogs at one moment, export a backup. progress is called with the
// number of dialogs so far.
func Export(ctx context.Context, store dialog.Store, w io.Writer, at ExportPlace, progress func(done int)) (ExportPlace, error) {
	if at.Done {
		return at, nil
	}
	if !at.Begun {
		err := writeLine(w, exportLine{Format: exportFormat})
		if err == nil {
			err = at.writeClasses(ctx, store, w)
		}
		if err != nil {
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
		if slices.ContainsFunc(dialogs, at.lacks) {
			if err := at.writeClasses(ctx, store, w); err != nil {
				return at, err
			}
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

// writeClasses writes the classes that were not written as they are now.
func (at *ExportPlace) writeClasses(ctx context.Context, store dialog.Store, w io.Writer) error {
	classes, err := store.Classes(ctx)
	if err != nil {
		return fmt.Errorf("reading the custom classes: %w", err)
	}
	for i, c := range classes {
		if written := at.class(c.Name); written != nil && len(written.Fields) == len(c.Fields) { // a class gains fields, and never loses or changes one
			continue
		}
		if err := writeLine(w, exportLine{Class: dialogjson.NewClass(&classes[i])}); err != nil {
			return err
		}
		at.Classes = append(at.Classes, c)
	}
	return nil
}

// class is a class as it was written last; nil if it was not.
func (at *ExportPlace) class(name string) *dialog.Class {
	for i := range slices.Backward(at.Classes) {
		if at.Classes[i].Name == name {
			return &at.Classes[i]
		}
	}
	return nil
}

// lacks reports whether a dialog has custom data of a class or field that was not written.
func (at *ExportPlace) lacks(d dialog.Dialog) bool {
	for name, fields := range d.Custom {
		class := at.class(name)
		if class == nil {
			return true
		}
		for field := range fields {
			if _, ok := class.Field(field); !ok {
				return true
			}
		}
	}
	return false
}

func writeLine(w io.Writer, line any) error {
	text, err := dialog.MarshalPlain(line)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
