package quickblox

import (
	"errors"
	"net/http"
	"strings"

	"dialogs/dialog"
)

// pathIDs are the ids of the path, whose .json is optional.
func (r *request) pathIDs() string {
	return strings.TrimSuffix(r.PathValue("ids"), ".json")
}

// show answers with one dialog.
func (d *handler) show(r *request) (answer, error) {
	found, err := d.Service.Dialog(r.Context(), r.caller, r.pathIDs(), false)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, r.view(&found, "")}, nil
}

// create creates a dialog, or finds the existing private one, which it leaves
// unchanged.
func (d *handler) create(r *request) (answer, error) {
	creation, err := creationOf(r.params, r.caller.Kind() == dialog.Server)
	if err != nil {
		return answer{}, err
	}
	out, err := d.Service.Create(r.Context(), r.caller, creation)
	if err != nil {
		return answer{}, err
	}
	status := http.StatusCreated
	if !out.Created {
		status = http.StatusOK
		if len(creation.Custom) > 0 {
			r.params.ignore("data")
		}
	}
	return answer{status, r.view(&out.Dialog, classOf(creation.Custom))}, nil
}

// update makes every change that the body asks for, or none. Callers who can
// no longer see the dialog after their change get only its id.
func (d *handler) update(r *request) (answer, error) {
	change, err := changeOf(r.params)
	if err != nil {
		return answer{}, err
	}
	updated, err := d.updated(r, change)
	if err != nil {
		return answer{}, err
	}
	if updated.Deleted {
		return answer{http.StatusOK, map[string]dialog.ID{"_id": updated.ID}}, nil
	}
	return answer{http.StatusOK, r.view(&updated, classOf(change.Custom))}, nil
}

// updated is the dialog after the change. A change that is refused is tried
// again without the parameters that QuickBlox ignores, for which the dialog
// must be read. A change that is empty then returns the dialog unchanged.
func (d *handler) updated(r *request, change dialog.Change) (dialog.Dialog, error) {
	out, refused := d.Service.Update(r.Context(), r.caller, r.pathIDs(), change)
	if refused == nil {
		return out.Dialog, nil
	}
	if !asksForNothing(refused) && !mayEcho(change, refused) {
		return dialog.Dialog{}, refused
	}
	current, err := d.Service.Dialog(r.Context(), r.caller, r.pathIDs(), false)
	switch {
	case asksForNothing(refused):
		return current, err
	case err != nil || !r.params.dropEchoes(&change, &current):
		return dialog.Dialog{}, refused
	}
	out, err = d.Service.Update(r.Context(), r.caller, r.pathIDs(), change)
	if asksForNothing(err) {
		return current, nil
	}
	return out.Dialog, err
}

// mayEcho reports whether a change may be refused because of parameters that
// QuickBlox ignores.
func mayEcho(c dialog.Change, refused error) bool {
	return (c.Name.Given || c.Photo.Given || c.ClearPhoto || c.NewOwner.Given) &&
		(dialog.IsCode(refused, dialog.Invalid) || dialog.IsCode(refused, dialog.Forbidden))
}

// asksForNothing reports whether the domain refused a change because it is
// empty.
func asksForNothing(refused error) bool {
	var known *dialog.Error
	return errors.As(refused, &known) && known.Code == dialog.Invalid && known.Field == "input"
}

func classOf(custom []dialog.CustomInput) string {
	if len(custom) == 0 {
		return ""
	}
	return custom[0].Class
}
