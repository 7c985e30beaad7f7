package quickblox

import (
	"net/http"
	"strings"

	"dialogs/dialog"
)

// pathIDs are the ids of the path, whose .json is optional.
func (r *request) pathIDs() string {
	return strings.TrimSuffix(r.PathValue("ids"), ".json")
}

// show answers with one dialog.
func (d *door) show(r *request) (answer, error) {
	if err := r.params.rest(""); err != nil {
		return answer{}, err
	}
	found, err := d.Service.Dialog(r.Context(), r.caller, r.pathIDs(), false)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, r.view(&found, "")}, nil
}

// create makes a dialog, or finds the private one that there is.
func (d *door) create(r *request) (answer, error) {
	creation, err := creationOf(r.params)
	if err != nil {
		return answer{}, err
	}
	out, err := d.Service.Create(r.Context(), r.caller, creation)
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if out.Created {
		status = http.StatusCreated
	}
	return answer{status, r.view(&out.Dialog, classOf(creation.Custom))}, nil
}

// update makes every change that the body asks for, or none. Who loses sight
// of the dialog by his change is told no more than its id.
func (d *door) update(r *request) (answer, error) {
	change, err := changeOf(r.params)
	if err != nil {
		return answer{}, err
	}
	out, err := d.Service.Update(r.Context(), r.caller, r.pathIDs(), change)
	if err != nil {
		return answer{}, err
	}
	if out.Dialog.Deleted {
		return answer{http.StatusOK, map[string]dialog.ID{"_id": out.Dialog.ID}}, nil
	}
	return answer{http.StatusOK, r.view(&out.Dialog, classOf(change.Custom))}, nil
}

func classOf(custom []dialog.CustomInput) string {
	if len(custom) == 0 {
		return ""
	}
	return custom[0].Class
}

func creationOf(p params) (c dialog.Creation, err error) {
	kind, err := p.takeNumber("type")
	if err != nil {
		return c, err
	}
	c.Type = dialog.Type(kind.Value)
	if c.Name, _, err = p.takeText("name"); err != nil {
		return c, err
	}
	if c.Photo, _, err = p.takeText("photo"); err != nil {
		return c, err
	}
	c.Photo.Given = c.Photo.Value != ""
	if c.Occupants, err = p.takeUsers("occupants_ids", "occupants_ids"); err != nil {
		return c, err
	}
	if c.Admins, err = p.takeUsers("admin_ids", "admin_ids"); err != nil {
		return c, err
	}
	if c.Owner, err = p.takeUser("user_id"); err != nil {
		return c, err
	}
	if c.Custom, err = p.takeData(); err != nil {
		return c, err
	}
	// Joining is a matter of messages, which are not served.
	if _, err = p.takeFlag("is_join_required"); err != nil {
		return c, err
	}
	return c, p.rest("")
}

func changeOf(p params) (c dialog.Change, err error) {
	name, noName, err := p.takeText("name")
	if err != nil {
		return c, err
	}
	c.Name = dialog.Optional[string]{Value: name.Value, Given: name.Given || noName}
	photo, noPhoto, err := p.takeText("photo")
	if err != nil {
		return c, err
	}
	c.ClearPhoto = noPhoto || photo.Given && photo.Value == ""
	if !c.ClearPhoto {
		c.Photo = photo
	}
	if c.AddOccupants, c.AddAdmins, err = p.takePeople("push_all"); err != nil {
		return c, err
	}
	if c.RemoveOccupants, c.RemoveAdmins, err = p.takePeople("pull_all"); err != nil {
		return c, err
	}
	if c.NewOwner, err = p.takeUser("user_id"); err != nil {
		return c, err
	}
	if c.Custom, err = p.takeData(); err != nil {
		return c, err
	}
	return c, p.rest("")
}

// takePeople takes what push_all or pull_all names.
func (p params) takePeople(operator string) (occupants, admins []dialog.UserID, err error) {
	lists, err := p.takeObject(operator)
	if err != nil {
		return nil, nil, err
	}
	if occupants, err = lists.takeUsers("occupants_ids", operator+"[occupants_ids]"); err != nil {
		return nil, nil, err
	}
	if admins, err = lists.takeUsers("admin_ids", operator+"[admin_ids]"); err != nil {
		return nil, nil, err
	}
	return occupants, admins, lists.rest(operator)
}
