package quickblox

import (
	"slices"

	"dialogs/dialog"
)

// creationOf reads the dialog to create. Only a server chooses the owner; users
// can only create dialogs of their own.
func creationOf(p params, byServer bool) (c dialog.Creation, err error) {
	kind, err := p.takeNumber("type")
	if err != nil {
		return c, err
	}
	c.Type = dialog.Type(kind.Value)
	if c.Name, _, err = p.takeText("name"); err != nil {
		return c, err
	}
	if c.Photo, err = p.takePhoto(); err != nil {
		return c, err
	}
	c.Photo.Given = c.Photo.Value != ""
	if c.Occupants, err = p.takeUsers("occupants_ids"); err != nil {
		return c, err
	}
	if c.Admins, err = p.takeUsers("admin_ids"); err != nil {
		return c, err
	}
	if byServer {
		if c.Owner, err = p.takeUser("user_id"); err != nil {
			return c, err
		}
	}
	if c.Custom, err = p.takeData(); err != nil {
		return c, err
	}
	p.dropForeign(&c)
	return c, nil
}

// dropForeign drops parameters that QuickBlox accepts for a type of dialog
// although they have no effect.
func (p params) dropForeign(c *dialog.Creation) {
	switch {
	case c.Type == dialog.Private:
		if c.Name.Given {
			p.ignore("name")
		}
		if c.Photo.Given {
			p.ignore("photo")
		}
		c.Name, c.Photo = dialog.Optional[string]{}, dialog.Optional[string]{}
		if len(c.Admins) > 0 {
			p.ignore("admin_ids")
		}
		c.Admins = nil
	case c.Type == dialog.PublicGroup && len(c.Occupants) > 0:
		p.ignore("occupants_ids")
		c.Occupants = nil
	}
}

// takePhoto takes a photo. Forms of the Android library say null in letters
// for a dialog without one.
func (p params) takePhoto() (dialog.Optional[string], error) {
	if p.values["photo"] == dialog.Text("null") {
		return dialog.Optional[string]{}, nil
	}
	photo, isNull, err := p.takeText("photo")
	return dialog.Optional[string]{Value: photo.Value, Given: photo.Given || isNull}, err
}

// changeOf reads the changes to a dialog. The libraries send a whole dialog
// along with them, of which the rest is ignored: it never replaces anything.
func changeOf(p params) (c dialog.Change, err error) {
	name, noName, err := p.takeText("name")
	if err != nil {
		return c, err
	}
	if c.Name = name; noName {
		p.ignore("name") // as typed clients write what they don't set
	}
	if c.Photo, err = p.takePhoto(); err != nil {
		return c, err
	}
	if c.ClearPhoto = c.Photo.Given && c.Photo.Value == ""; c.ClearPhoto {
		c.Photo = dialog.Optional[string]{}
	}
	if c.AddOccupants, c.AddAdmins, err = p.takePeople("push", "addOccupants", "addAdmins"); err != nil {
		return c, err
	}
	if c.RemoveOccupants, c.RemoveAdmins, err = p.takePeople("pull", "removeOccupants", "removeAdmins"); err != nil {
		return c, err
	}
	if c.NewOwner, err = p.takeUser("user_id"); err != nil {
		return c, err
	}
	if c.NewOwner.Value == nobody {
		p.ignore("user_id")
		c.NewOwner = dialog.Optional[dialog.UserID]{}
	}
	c.Custom, err = p.takeData()
	return c, err
}

// nobody is the owner in a dialog whose owner a library has not set. QuickBlox
// assigns this id to no user.
const nobody = "0"

// takePeople takes what push and push_all name, or pull and pull_all, for two
// inputs of the domain.
func (p params) takePeople(operator, occupantsInput, adminsInput string) (occupants, admins []dialog.UserID, err error) {
	for _, name := range []string{operator, operator + "_all"} {
		lists, err := p.takeObject(name)
		if err != nil {
			return nil, nil, err
		}
		for _, list := range []struct {
			name, input string
			ids         *[]dialog.UserID
		}{{"occupants_ids", occupantsInput, &occupants}, {"admin_ids", adminsInput, &admins}} {
			ids, err := lists.takeUsers(list.name)
			if err != nil {
				return nil, nil, err
			}
			if len(ids) > 0 {
				*list.ids = slices.Concat(*list.ids, ids)
				p.sentAs(list.input, lists.label(list.name))
			}
		}
		lists.ignoreRest()
	}
	return occupants, admins, nil
}

// dropEchoes drops what QuickBlox ignores in an update of this dialog: the name
// and photo of a private one, and the owner that it has. It tells whether there
// was any of it.
func (p params) dropEchoes(c *dialog.Change, current *dialog.Dialog) bool {
	before := len(p.ignored)
	if current.Type == dialog.Private {
		if c.Name.Given {
			p.ignore("name")
		}
		if c.Photo.Given || c.ClearPhoto {
			p.ignore("photo")
		}
		c.Name, c.Photo, c.ClearPhoto = dialog.Optional[string]{}, dialog.Optional[string]{}, false
	}
	if c.NewOwner.Given && c.NewOwner.Value == current.Owner {
		p.ignore("user_id")
		c.NewOwner = dialog.Optional[dialog.UserID]{}
	}
	return len(p.ignored) > before
}
