package transfer

import "dialogs/dialog"

// another returns an error if the stored dialog is not an older state of the wanted
// dialog, but a different dialog with the same id.
func another(there, wanted *dialog.Dialog) error {
	if there.Type != wanted.Type {
		return dialog.InvalidInput("", "a dialog of another type has its id")
	}
	a, b, _ := there.Pair()
	if x, y, _ := wanted.Pair(); a != x || b != y {
		return dialog.InvalidInput("", "the private dialog of other users has its id")
	}
	return nil
}

// difference returns the change that makes the stored dialog match the wanted one. It
// keeps custom data of classes that the wanted dialog does not have.
func difference(there, wanted *dialog.Dialog) (change dialog.Change, differs bool) {
	if there.Type != dialog.Private {
		if there.Name != wanted.Name {
			change.Name, differs = dialog.Some(wanted.Name), true
		}
		switch {
		case there.Photo == wanted.Photo:
		case wanted.Photo == "":
			change.ClearPhoto, differs = true, true
		default:
			change.Photo, differs = dialog.Some(wanted.Photo), true
		}
		if there.Owner != wanted.Owner {
			change.NewOwner, differs = dialog.Some(wanted.Owner), true
		}
		change.AddOccupants, change.RemoveOccupants = dialog.Without(wanted.Occupants, there.Occupants), dialog.Without(there.Occupants, wanted.Occupants)
		change.AddAdmins, change.RemoveAdmins = dialog.Without(wanted.Admins, there.Admins), dialog.Without(there.Admins, wanted.Admins)
		differs = differs || len(change.AddOccupants)+len(change.RemoveOccupants)+len(change.AddAdmins)+len(change.RemoveAdmins) > 0
	}
	for _, class := range wanted.Custom.Classes() {
		fields := map[string]any{}
		for name, value := range wanted.Custom[class] {
			if there.Custom[class][name] != value {
				fields[name] = mustDecode(value)
			}
		}
		for name := range there.Custom[class] {
			if _, kept := wanted.Custom[class][name]; !kept {
				fields[name] = nil
			}
		}
		if len(fields) > 0 {
			change.Custom, differs = append(change.Custom, dialog.CustomInput{Class: class, Fields: fields}), true
		}
	}
	return change, differs
}

// mustDecode converts a stored value to the form in which a caller would send it.
func mustDecode(value dialog.Value) any {
	v, err := value.Decode()
	if err != nil { // a value in normal form is JSON
		panic("transfer: " + err.Error())
	}
	return v
}

// differences lists the fields in which the stored dialog differs from the
// wanted one.
func differences(there, wanted *dialog.Dialog) []string {
	change, _ := difference(there, wanted)
	var names []string
	for _, field := range []struct {
		name    string
		differs bool
	}{
		{"type", there.Type != wanted.Type},
		{"name", there.Name != wanted.Name},
		{"photo", there.Photo != wanted.Photo},
		{"owner", there.Owner != wanted.Owner},
		{"occupants", len(dialog.Without(wanted.Occupants, there.Occupants))+len(dialog.Without(there.Occupants, wanted.Occupants)) > 0},
		{"admins", len(dialog.Without(wanted.Admins, there.Admins))+len(dialog.Without(there.Admins, wanted.Admins)) > 0},
		{"custom data", len(change.Custom) > 0},
		{"created at", !there.CreatedAt.Equal(wanted.CreatedAt)},
		{"updated at", !there.UpdatedAt.Equal(wanted.UpdatedAt)},
	} {
		if field.differs {
			names = append(names, field.name)
		}
	}
	return names
}
