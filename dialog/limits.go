package dialog

import (
	"errors"
	"fmt"
)

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
		name         string
		value, least int
	}{
		{"name length", l.NameLength, 1},
		{"photo bytes", l.PhotoBytes, 1},
		{"occupants", l.Occupants, 2},
		{"admins", l.Admins, 1},
		{"ids per list", l.IDsPerList, 1},
		{"fields per class", l.FieldsPerClass, 1},
		{"custom data bytes", l.CustomBytes, 1},
	} {
		if limit.value < limit.least {
			return fmt.Errorf("the limit of %s must be at least %d", limit.name, limit.least)
		}
		if limit.value > 1<<20 {
			return errors.New("the limit of " + limit.name + " must be at most 1048576")
		}
	}
	return nil
}
