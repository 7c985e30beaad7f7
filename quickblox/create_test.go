package quickblox_test

import (
	"net/http"
	"testing"

	"dialogs/dialog"
)

func (d *fixture) create(c dialog.Caller, body string) answer {
	d.Helper()
	return d.send(c, http.MethodPost, "/chat/Dialog.json", asJSON, body)
}

func TestCreate(t *testing.T) {
	d := open(t)
	// The order of keys and the spaces are those of the npm package's form.
	group := d.send(user("2"), http.MethodPost, "/chat/Dialog.json", asForm+"; charset=UTF-8",
		"admin_ids[]=3&data[class_name]=Card&data[level]=5&name=Lunch&occupants_ids=3%2c%201&photo=68123&type=2&is_join_required=1")
	id, _ := group.field("_id").(string)
	group.want(http.StatusCreated, `{
		"_id": "`+id+`", "created_at": "2026-01-31T09:30:01Z", "updated_at": "2026-01-31T09:30:01Z",
		"last_message": null, "last_message_date_sent": null, "last_message_id": null, "last_message_user_id": null,
		"unread_messages_count": 0, "is_join_required": 0,
		"name": "Lunch", "photo": "68123", "type": 2, "user_id": 2, "occupants_ids": [1, 2, 3], "admin_ids": [3],
		"xmpp_room_jid": "0_`+id+`@muc.example.com", "data": {"class_name": "Card", "level": 5}
	}`)

	public := d.create(user("2"), `{"type": 1, "name": "Square", "occupants_ids": "", "photo": ""}`)
	id, _ = public.field("_id").(string)
	public.want(http.StatusCreated, `{
		"_id": "`+id+`", "created_at": "2026-01-31T09:30:02Z", "updated_at": "2026-01-31T09:30:02Z",
		"last_message": null, "last_message_date_sent": null, "last_message_id": null, "last_message_user_id": null,
		"unread_messages_count": 0, "is_join_required": null,
		"name": "Square", "photo": null, "type": 1, "user_id": 2, "occupants_ids": [], "admin_ids": [],
		"xmpp_room_jid": "0_`+id+`@muc.example.com"
	}`)

	private := d.create(user("102433734"), `{"type": 3, "occupants_ids": "102433721"}`)
	id, _ = private.field("_id").(string)
	view := `{
		"_id": "` + id + `", "created_at": "2026-01-31T09:30:03Z", "updated_at": "2026-01-31T09:30:03Z",
		"last_message": null, "last_message_date_sent": null, "last_message_id": null, "last_message_user_id": null,
		"unread_messages_count": 0, "is_join_required": null,
		"name": null, "photo": null, "type": 3, "user_id": 102433734, "occupants_ids": [102433721, 102433734], "admin_ids": [],
		"xmpp_room_jid": null
	}`
	private.want(http.StatusCreated, view)
	d.create(user("102433721"), `{"type": "3", "occupants_ids": [102433734]}`).want(http.StatusOK, view)
}

// TestCreateAsServer creates dialogs with an API key: its owner must be given,
// unless On-Behalf-Of says who creates it.
func TestCreateAsServer(t *testing.T) {
	d := open(t)
	d.create(server(), `{"type": 1, "name": "Square"}`).refused(http.StatusBadRequest, "user_id: ")
	a := d.create(server(), `{"type": 1, "name": "Square", "user_id": 5}`)
	a.want(http.StatusCreated, "")
	if diff := a.field("user_id"); diff != decoded(t, "5") {
		t.Errorf("the owner is %v", diff)
	}
	d.create(onBehalf("5"), `{"type": 1, "name": "Square"}`).want(http.StatusCreated, "")
	if got := d.create(onBehalf("5"), `{"type": 1, "name": "Square", "user_id": 6}`).field("user_id"); got != decoded(t, "5") {
		t.Errorf("the owner is %v", got)
	}
}

func TestWrongCreations(t *testing.T) {
	for _, tt := range []struct{ reason, body, text string }{
		{"nothing", `{}`, "type: "},
		{"an unknown type", `{"type": 4, "name": "x"}`, "type: "},
		{"a type in words", `{"type": "group", "name": "x"}`, "type: must be a whole number"},
		{"a type with a fraction", `{"type": 2.5, "name": "x"}`, "type: must be a whole number"},
		{"a group without a name", `{"type": 2}`, "name: "},
		{"a private dialog of three", `{"type": 3, "occupants_ids": [2, 3]}`, "occupants_ids: "},
		{"an admin who is not in", `{"type": 2, "name": "x", "admin_ids": [2]}`, "admin_ids: "},
		{"data of an unknown class", `{"type": 2, "name": "x", "data": {"class_name": "Cord", "n": 1}}`, "data: "},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			d.create(user("1"), tt.body).refused(http.StatusBadRequest, tt.text)
			d.create(dialog.Caller{}, tt.body).refused(http.StatusUnauthorized, "authentication required")
			d.get(user("1"), "/chat/Dialog.json?count=1").want(http.StatusOK, `{"items": {"count": 0}}`)
		})
	}
}
