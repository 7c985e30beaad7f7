package dialog

import "fmt"

// Limits bound what a change may add. They never apply to what is already
// stored, so that lowering a limit locks nobody out.
type Limits struct {
	// NameLength is in characters (Unicode code points).
	NameLength int
	// PhotoBytes is in bytes of UTF-8.
	PhotoBytes int
	// Occupants and Admins are per dialog.
	Occupants, Admins int
	// IDsPerList is the number of ids in one list of an update or a filter.
	IDsPerList int
	// FieldsPerClass is the number of fields of a custom class, and the number
	// of custom fields in a filter.
	FieldsPerClass int
	// Classes is the number of custom classes. All of them are kept in memory.
	Classes int
	// CustomBytes is the size of a dialog's custom values as compact JSON.
	CustomBytes int
	// Rows is how many rows of the store the lists and counts of one operation
	// may read.
	Rows int
}

// DefaultLimits are the limits of a server without other settings.
func DefaultLimits() Limits {
	return Limits{
		NameLength:     200,
		PhotoBytes:     2048,
		Occupants:      1000,
		Admins:         100,
		IDsPerList:     100,
		FieldsPerClass: 100,
		Classes:        200,
		CustomBytes:    32 << 10,
		Rows:           500_000,
	}
}

// A LimitError is the error for a limit outside its bounds.
type LimitError struct {
	// Limit is the limit's name: name, photo, occupants, admins, ids, fields,
	// classes, custom-data or rows.
	Limit              string
	Value, Least, Most int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the %s limit must be between %d and %d, not %d", e.Limit, e.Least, e.Most, e.Value)
}

// Validate returns a [LimitError] for the first limit that no server can work
// with.
func (l Limits) Validate() error {
	for _, limit := range []LimitError{
		{"name", l.NameLength, 1, 1 << 16},
		{"photo", l.PhotoBytes, 1, 1 << 20},
		{"occupants", l.Occupants, 2, 1 << 20},
		{"admins", l.Admins, 1, 1 << 20},
		// Each id and field of a filter is a term of one query, and databases
		// limit the number of terms.
		{"ids", l.IDsPerList, 1, 500},
		{"fields", l.FieldsPerClass, 1, 500},
		{"classes", l.Classes, 1, 10_000},
		{"custom-data", l.CustomBytes, 1, 1 << 20},
		{"rows", l.Rows, 1, 1 << 30},
	} {
		if limit.Value < limit.Least || limit.Value > limit.Most {
			return &limit
		}
	}
	return nil
}
