package dialog

import "fmt"

// Limits bound what a change may add. They are never applied to what is there
// already, so that lowering one locks nobody out.
type Limits struct {
	// NameLength is in characters (Unicode code points).
	NameLength int
	// PhotoBytes is in bytes of UTF-8.
	PhotoBytes int
	// Occupants and Admins are per dialog.
	Occupants, Admins int
	// IDsPerList is how many ids one list of an update or a filter may name.
	IDsPerList int
	// FieldsPerClass is how many fields a custom class may have, and how many
	// a filter may ask for, whatever their classes.
	FieldsPerClass int
	// CustomBytes is the compact JSON of a dialog's custom values, in bytes.
	CustomBytes int
}

// DefaultLimits are the limits of a server that was told nothing else.
func DefaultLimits() Limits {
	return Limits{
		NameLength:     200,
		PhotoBytes:     2048,
		Occupants:      1000,
		Admins:         100,
		IDsPerList:     100,
		FieldsPerClass: 100,
		CustomBytes:    32 << 10,
	}
}

// Validate refuses limits that no dialog could live with.
func (l Limits) Validate() error {
	for _, limit := range []struct {
		name               string
		value, least, most int
	}{
		{"name length", l.NameLength, 1, 1 << 16},
		{"photo bytes", l.PhotoBytes, 1, 1 << 20},
		{"occupants", l.Occupants, 2, 1 << 20},
		{"admins", l.Admins, 1, 1 << 20},
		// Each id and field of a filter is a term of one query, and databases
		// bound how many terms that may have.
		{"ids per list", l.IDsPerList, 1, 500},
		{"fields per class", l.FieldsPerClass, 1, 500},
		{"custom data bytes", l.CustomBytes, 1, 1 << 20},
	} {
		if limit.value < limit.least || limit.value > limit.most {
			return fmt.Errorf("the limit of %s must be %d to %d", limit.name, limit.least, limit.most)
		}
	}
	return nil
}
