package sqlite

import (
	"cmp"
	"slices"

	"dialogs/dialog"
)

// The table custom_value has the beginning of each value of custom data, for filters.
// A change writes the rows of the values that it changes, in Go: a trigger would have to
// look at all values of the dialog (see 0010_custom_values_kept.sql).

// valueKept is how many characters of a value the table has.
const valueKept = 40

const (
	intoCustomValue   = "INSERT OR IGNORE INTO custom_value (path, value, dialog) VALUES "
	removeCustomValue = "DELETE FROM custom_value WHERE path = ? AND value = ? AND dialog = ?"
)

// A customValue is a row of the table, without the number of its dialog.
type customValue struct{ path, value string }

// valuesBesides are the values that a dialog has in the table, without those that another
// state of it has too.
func valuesBesides(d, other *dialog.Dialog) (list []customValue) {
	if d.Deleted {
		return nil
	}
	for class, fields := range d.Custom {
		var others map[string]dialog.Value
		if !other.Deleted {
			others = other.Custom[class]
		}
		for field, value := range fields {
			if there, ok := others[field]; ok && (there == value || beginning(there) == beginning(value)) {
				continue
			}
			list = append(list, customValue{pathOf(class, field), beginning(value)})
		}
	}
	return list
}

func pathOf(class, field string) string { return class + "." + field }

// beginning is the part of a value that the table has.
func beginning(value dialog.Value) string {
	text, characters := string(value), 0
	for i := range text {
		if characters == valueKept {
			return text[:i]
		}
		characters++
	}
	return text
}

// saveValues brings the values of a dialog to its next state.
func (w *writer) saveValues(n int64, current, next *dialog.Dialog) error {
	for _, v := range valuesBesides(current, next) {
		if err := w.exec(removeCustomValue, v.path, v.value, n); err != nil {
			return err
		}
	}
	var rows []any
	for _, v := range valuesBesides(next, current) {
		rows = append(rows, v.path, v.value, n)
	}
	return w.insertRows(intoCustomValue, 3, rows)
}

// A batchValue is a value of the dialog at a place of a batch.
type batchValue struct {
	customValue
	dialog int
}

// sortValues sorts them as their table does.
func sortValues(list []batchValue) {
	slices.SortFunc(list, func(a, b batchValue) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.value, b.value), cmp.Compare(a.dialog, b.dialog))
	})
}

// countFields is how many values custom data has.
func countFields(d dialog.CustomData) (n int) {
	for _, fields := range d {
		n += len(fields)
	}
	return n
}
