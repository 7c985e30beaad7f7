package quickblox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"dialogs/dialog"
)

func (d *fixture) remove(c dialog.Caller, ids, query, contentType, body string) answer {
	d.Helper()
	return d.send(c, http.MethodDelete, "/chat/Dialog/"+ids+".json"+query, contentType, body)
}

// TestRemoveOne deletes one dialog, and has one left.
func TestRemoveOne(t *testing.T) {
	d := open(t)
	id := d.group("1", "2", "3")
	if a := d.remove(user("2"), id, "", "", ""); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("leaving: got status %d and %q, want an empty body", a.Status, a.Body)
	}
	d.get(user("1"), "/chat/Dialog/"+id).wantField("occupants_ids", `[1, 3]`)
	d.remove(user("2"), id, "", "", "").refused(http.StatusForbidden, "see")
	d.remove(user("3"), id, "?force=1", "", "").refused(http.StatusForbidden, "delete")
	for _, tt := range []struct{ reason, query, contentType, body string }{
		{"force as the npm package sends it", "", asForm + "; charset=UTF-8", "force=1"},
		{"force in JSON", "", asJSON, `{"force": 1}`},
		{"a form that is called JSON, as in QuickBlox's recipe", "", asJSON, "force=1"},
		{"force in the query", "?force=1", "", ""},
	} {
		id := d.group("1", "2")
		if a := d.remove(user("1"), id, tt.query, tt.contentType, tt.body); a.Status != http.StatusOK || a.Body != "" {
			t.Errorf("%s: got status %d and %q, want an empty body", tt.reason, a.Status, a.Body)
		}
		d.get(user("2"), "/chat/Dialog/"+id).refused(http.StatusNotFound, "dialog not found")
		d.remove(user("1"), id, tt.query, tt.contentType, tt.body).refused(http.StatusNotFound, "dialog not found")
	}
}

// TestOwnerLeaves hands a group over.
func TestOwnerLeaves(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	d.remove(user("1"), id, "", "", "").want(http.StatusOK, "")
	d.get(user("2"), "/chat/Dialog/"+id).wantField("user_id", `2`)
	d.remove(onBehalf("2"), id, "", "", "").want(http.StatusOK, "")
	d.get(user("2"), "/chat/Dialog/"+id).refused(http.StatusNotFound, "dialog not found")
}

// TestRemoveSeveral answers with the three lists.
func TestRemoveSeveral(t *testing.T) {
	d := open(t)
	own, another, foreign, public := d.group("1", "2"), d.group("1"), d.group("2", "1"), d.public("1", "Square")
	private, _ := d.create(user("1"), `{"type": 3, "occupants_ids": [2]}`).field("_id").(string)
	all := strings.Join([]string{own, another, foreign, public, private, "65ba1b4a0000000000000001", "5d76b6sdfff9a0cc7cb023", own}, ",")
	d.remove(user("1"), all, "", asForm, "force=1").want(http.StatusOK, `{
		"SuccessfullyDeleted": {"ids": ["`+own+`", "`+another+`", "`+public+`", "`+private+`"]},
		"NotFound": {"ids": ["65ba1b4a0000000000000001", "5d76b6sdfff9a0cc7cb023"]},
		"WrongPermissions": {"ids": ["`+foreign+`"]}
	}`)

	own, public = d.group("1", "2"), d.public("1", "Square")
	private, _ = d.create(user("1"), `{"type": 3, "occupants_ids": [3]}`).field("_id").(string)
	d.remove(user("2"), strings.Join([]string{own, foreign, public, private, ""}, ","), "", "", "").want(http.StatusOK, `{
		"SuccessfullyDeleted": {"ids": ["`+own+`", "`+foreign+`"]},
		"NotFound": {"ids": []},
		"WrongPermissions": {"ids": ["`+public+`", "`+private+`"]}
	}`)
	d.get(user("1"), "/chat/Dialog/"+own).wantField("occupants_ids", `[1]`)
	d.get(user("1"), "/chat/Dialog/"+foreign).wantField("user_id", `1`)
}

func TestWrongRemovals(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	private, _ := d.create(user("1"), `{"type": 3, "occupants_ids": [2]}`).field("_id").(string)
	d.remove(dialog.Caller{}, id, "", "", "").refused(http.StatusUnauthorized, "authentication required")
	d.remove(server(), id, "", "", "").refused(http.StatusBadRequest, "On-Behalf-Of")
	a := d.remove(user("1"), private, "", "", "")
	a.refused(http.StatusBadRequest, "leave")
	if strings.Contains(a.Body, "pull_all") {
		t.Errorf("the answer names a parameter that was not sent: %s", a.Body)
	}
	d.remove(user("1"), d.public("1", "Square"), "", "", "").refused(http.StatusBadRequest, "leave")
	d.remove(user("1"), "x", "", "", "").refused(http.StatusBadRequest, "_id: ")
	d.remove(user("1"), id, "", asForm, "force=2").refused(http.StatusBadRequest, "force: must be 0 or 1")
	d.remove(user("1"), id, "", asJSON, `{"force": "yes"}`).refused(http.StatusBadRequest, "force: must be 0 or 1")
	d.remove(user("2"), id, "", asJSON, `{"force": true}`).refused(http.StatusForbidden, "delete")
	many := []string{id}
	for i := range 100 {
		many = append(many, fmt.Sprintf("%024x", 1000+i))
	}
	d.remove(user("1"), strings.Join(many, ","), "?force=1", "", "").refused(http.StatusBadRequest, "100")
	d.remove(server(), id, "?force=0", "", "").refused(http.StatusBadRequest, "On-Behalf-Of")
	d.get(user("1"), "/chat/Dialog/"+id).wantField("occupants_ids", `[1, 2]`)
	d.remove(server(), id, "?force=1", "", "").want(http.StatusOK, "")
}
