package quickblox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dialogs/dialog"
)

// maxRemovals is how many dialogs one request may name: each is a separate
// change.
const maxRemovals = 100

// remove deletes dialogs for everyone, or makes the caller leave them. For one
// dialog it answers as every request does; for several, with three lists.
func (d *handler) remove(r *request) (answer, error) {
	force, err := r.params.takeFlag("force")
	if err != nil {
		return answer{}, err
	}
	change := dialog.Change{Delete: true}
	if !force {
		if r.caller.Kind() == dialog.Server {
			return answer{}, invalid("force", "must be 1, which deletes for everyone; to leave, On-Behalf-Of must name the user")
		}
		change = dialog.Change{RemoveOccupants: []dialog.UserID{r.caller.User}}
		r.params.sent["removeOccupants"] = "" // which no parameter asks for
	}
	ids := strings.Split(r.pathIDs(), ",")
	if len(ids) > 1 { // an empty one is what a comma at the end leaves
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	} else {
		_, err := d.Service.Update(r.Context(), r.caller, ids[0], change)
		return answer{status: http.StatusOK}, err
	}
	return d.removeAll(r, ids, change)
}

// idList is one of the three lists.
type idList struct {
	IDs []string `json:"ids"`
}

type removals struct {
	SuccessfullyDeleted idList
	NotFound            idList
	WrongPermissions    idList
}

func (d *handler) removeAll(r *request, ids []string, change dialog.Change) (answer, error) {
	seen := map[string]bool{}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
	if len(ids) > maxRemovals {
		return answer{}, invalid("_id", fmt.Sprintf("too many dialogs: %d (limit %d)", len(ids), maxRemovals))
	}
	done := removals{idList{[]string{}}, idList{[]string{}}, idList{[]string{}}}
	for _, id := range ids {
		_, err := d.Service.Update(r.Context(), r.caller, id, change)
		var refused *dialog.Error
		switch {
		case err == nil:
			done.SuccessfullyDeleted.add(id)
		case !errors.As(err, &refused):
			return answer{}, err
		case refused.Code == dialog.NotFound, refused.Code == dialog.Invalid && refused.Field == "id":
			done.NotFound.add(shown(id))
		case refused.Code == dialog.Forbidden, refused.Code == dialog.Invalid: // a type that cannot be left
			done.WrongPermissions.add(id)
		default:
			return answer{}, err
		}
	}
	return answer{http.StatusOK, done}, nil
}

func (l *idList) add(id string) { l.IDs = append(l.IDs, id) }
