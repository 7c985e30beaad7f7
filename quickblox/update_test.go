package quickblox_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// TestRecipes sends the eight recipes of "Update dialog" as QuickBlox writes
// them down.
func TestRecipes(t *testing.T) {
	for _, as := range []struct {
		name   string
		caller dialog.Caller
	}{{"session token", user("96753878")}, {"API key", onBehalf("96753878")}} {
		t.Run(as.name, func(t *testing.T) {
			d := open(t)
			id := d.group("96753878", "96754523")
			d.put(as.caller, id, `{"name": "New Year 2020 party"}`).want(http.StatusOK, `{
				"_id": "`+id+`",
				"created_at": "2026-01-31T09:30:01Z",
				"last_message": null,
				"last_message_date_sent": null,
				"last_message_id": null,
				"last_message_user_id": null,
				"name": "New Year 2020 party",
				"occupants_ids": [96753878, 96754523],
				"admin_ids": [],
				"photo": null,
				"type": 2,
				"updated_at": "2026-01-31T09:30:02Z",
				"user_id": 96753878,
				"xmpp_room_jid": "0_`+id+`@muc.example.com",
				"unread_messages_count": 0,
				"is_join_required": 0
			}`)
			added := d.put(as.caller, id, `{"push_all": {"occupants_ids": [91375295, 96705448]}}`)
			added.wantField("occupants_ids", `[91375295, 96705448, 96753878, 96754523]`)
			removed := d.put(as.caller, id, `{"pull_all": {"occupants_ids": [91375295]}}`)
			removed.wantField("occupants_ids", `[96705448, 96753878, 96754523]`)
			set := d.put(as.caller, id, `{"data": {"class_name": "Card", "note": "vegan", "level": 3}}`)
			set.wantField("data", `{"class_name": "Card", "note": "vegan", "level": 3}`)
		})
	}
}

func (a answer) wantField(name, want string) {
	a.Helper()
	if a.Status != http.StatusOK {
		a.Fatalf("got status %d: %s", a.Status, a.Body)
	}
	if diff := cmp.Diff(decoded(a, want), a.field(name)); diff != "" {
		a.Errorf("another %s (-want +got):\n%s", name, diff)
	}
}

// TestUpdateEncodings sends the same update in every encoding.
func TestUpdateEncodings(t *testing.T) {
	for _, tt := range []struct {
		reason            string
		contentType, body string
	}{
		{"JSON", asJSON, `{"name": "Dinner", "photo": "68123", "push_all": {"occupants_ids": [3, "dave"], "admin_ids": [2]}, "pull_all": {"occupants_ids": [4]},
			"data": {"class_name": "Card", "open": true, "level": 5, "weight": 0.5, "note": "04", "due": "2026-02-01T00:00:00Z", "place": [13.4, 52.5], "tags": ["a", "b"]}}`},
		{"JSON with a charset", asJSON + "; charset=utf-8", `{"name": "Dinner", "photo": "68123", "push_all": {"occupants_ids": "3, dave", "admin_ids": "2"}, "pull_all": {"occupants_ids": 4},
			"data": {"class_name": "Card", "open": true, "level": 5.0, "weight": 5e-1, "note": "04", "due": "2026-02-01T01:00:00+01:00", "place": [13.40, 52.5], "tags": ["a", "b"]}}`},
		{"a form", asForm, "name=Dinner&photo=68123&push_all[occupants_ids][]=3&push_all[occupants_ids][]=dave&push_all[admin_ids][]=2&pull_all[occupants_ids][]=4" +
			"&data[class_name]=Card&data[open]=true&data[level]=5&data[weight]=0.5&data[note]=04&data[due]=2026-02-01T00:00:00Z&data[place]=13.4,52.5&data[tags][]=a&data[tags][]=b"},
		{"an encoded form with lists in one value", asForm, "name=Dinner&photo=68123&push_all%5Boccupants_ids%5D%5B%5D=3%2C+dave&push_all%5Badmin_ids%5D=2&pull_all%5Boccupants_ids%5D=4" +
			"&data%5Bclass_name%5D=Card&data%5Bopen%5D=true&data%5Blevel%5D=5&data%5Bweight%5D=0.5&data%5Bnote%5D=04&data%5Bdue%5D=2026-02-01T00%3A00%3A00Z&data%5Bplace%5D=13.4%2C52.5&data%5Btags%5D=a%2Cb"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			id := d.group("1", "2", "4")
			for _, path := range []string{"/chat/Dialog/" + id, "/chat/Dialog/" + id + ".json"} {
				a := d.send(user("1"), http.MethodPut, path, tt.contentType, tt.body)
				a.wantField("name", `"Dinner"`)
				a.wantField("photo", `"68123"`)
				a.wantField("occupants_ids", `[1, 2, 3, "dave"]`)
				a.wantField("admin_ids", `[2]`)
				a.wantField("data", `{"class_name": "Card", "open": true, "level": 5, "weight": 0.5, "note": "04", "due": "2026-02-01T00:00:00.000Z", "place": [13.4, 52.5], "tags": ["a", "b"]}`)
			}
		})
	}
}

// TestUserIDs checks which ids are shown as numbers.
func TestUserIDs(t *testing.T) {
	d := open(t)
	id := d.group("7", "04", "4", "0", "10", "9", "9007199254740991", "9007199254740992", "99999999999999999999", "-5", "1e3", "1.0", "a,b", "Ärger", "٣", "+1", "0x1")
	a := d.put(user("7"), id, `{"name": "Numbers"}`)
	a.wantField("user_id", `7`)
	a.wantField("occupants_ids", `[0, 4, 7, 9, 10, 9007199254740991, "+1", "-5", "04", "0x1", "1.0", "1e3", "9007199254740992", "99999999999999999999", "a,b", "Ärger", "٣"]`)

	d.put(user("7"), id, `{"pull_all": {"occupants_ids": ["04"]}}`).wantField("occupants_ids",
		`[0, 4, 7, 9, 10, 9007199254740991, "+1", "-5", "0x1", "1.0", "1e3", "9007199254740992", "99999999999999999999", "a,b", "Ärger", "٣"]`)
	d.put(user("7"), id, `{"pull_all": {"occupants_ids": [9007199254740991, 9007199254740992, 99999999999999999999, "a,b"]}}`).wantField("occupants_ids",
		`[0, 4, 7, 9, 10, "+1", "-5", "0x1", "1.0", "1e3", "Ärger", "٣"]`)
}

func TestPhotoAndOwner(t *testing.T) {
	d := open(t)
	id := d.group("1", "2", "3")
	d.put(user("1"), id, `{"photo": "68123"}`).wantField("photo", `"68123"`)
	d.put(user("1"), id, `{"photo": null}`).wantField("photo", `null`)
	d.put(user("1"), id, `{"photo": "68123"}`).wantField("photo", `"68123"`)
	d.put(user("1"), id, `{"photo": ""}`).wantField("photo", `null`)
	d.put(user("1"), id, `{"user_id": 2}`).wantField("user_id", `2`)
	d.put(user("1"), id, `{"user_id": 3}`).refused(http.StatusForbidden, "transfer")
}

// TestData looks for the class that an answer shows.
func TestData(t *testing.T) {
	d := openStore(t, memory.NewStore(
		dialog.Class{Name: "Zeal", Revision: 1, Fields: []dialog.Field{{Name: "n", Type: dialog.Integer}}},
		dialog.Class{Name: "Art", Revision: 1, Fields: []dialog.Field{{Name: "n", Type: dialog.Integer}}}))
	id := d.group("1")
	d.put(user("1"), id, `{"name": "None"}`).wantField("data", `null`)
	d.put(user("1"), id, `{"data": {"class_name": "Zeal", "n": 1}}`).wantField("data", `{"class_name": "Zeal", "n": 1}`)
	d.put(user("1"), id, `{"data": {"class_name": "Art", "n": 2}}`).wantField("data", `{"class_name": "Art", "n": 2}`)
	d.put(user("1"), id, `{"data": {"class_name": "Zeal", "n": 3}}`).wantField("data", `{"class_name": "Zeal", "n": 3}`)
	d.put(user("1"), id, `{"name": "Both"}`).wantField("data", `{"class_name": "Art", "n": 2}`)
	d.put(user("1"), id, `{"data": {"class_name": "Art", "n": null}}`).wantField("data", `{"class_name": "Zeal", "n": 3}`)
}

// TestLosingSight changes a dialog so that the caller can no longer see it.
func TestLosingSight(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	d.put(user("2"), id, `{"pull_all": {"occupants_ids": [2]}}`).want(http.StatusOK, `{"_id": "`+id+`"}`)
	d.put(user("2"), id, `{"name": "Gone"}`).refused(http.StatusForbidden, "see")
	d.put(user("1"), id, `{"pull_all": {"occupants_ids": [1]}}`).want(http.StatusOK, `{"_id": "`+id+`"}`)
	d.put(user("1"), id, `{"name": "Gone"}`).refused(http.StatusNotFound, "dialog not found")
}

// TestWrongUpdates sends invalid updates: nothing may change.
func TestWrongUpdates(t *testing.T) {
	many := "0"
	for i := range 100 {
		many += "," + strconv.Itoa(i+1)
	}
	for _, tt := range []struct {
		reason            string
		contentType, body string
		status            int
		text              string
	}{
		{"half of it", asJSON, `{"name": "x"`, 400, "one JSON object"},
		{"more behind it", asJSON, `{"name": "x"} {}`, 400, "one JSON object"},
		{"a name twice", asJSON, `{"name": "x", "name": "y"}`, 400, "one JSON object"},
		{"broken UTF-8", asJSON, "{\"name\": \"\xff\"}", 400, "one JSON object"},
		{"half a surrogate pair", asJSON, `{"name": "\ud83d"}`, 400, "one JSON object"},
		{"NUL", asJSON, `{"name": "a\u0000b"}`, 400, "name: "},
		{"another type of body", "text/plain", `{"name": "x"}`, 400, "Content-Type"},
		{"no type of body", "", `{"name": "x"}`, 400, "Content-Type"},
		{"a form that is badly encoded", asForm, "name=%zz", 400, "percent-encoding"},
		{"broken UTF-8 in a form", asForm, "name=%ff", 400, "name: "},
		{"a value and values within it", asForm, "push_all=1&push_all[occupants_ids]=2", 400, "push_all"},
		{"a list for an object", asJSON, `{"push_all": [5]}`, 400, "push_all: must be an object"},
		{"an object for a list", asJSON, `{"push_all": {"occupants_ids": {"0": 5}}}`, 400, "push_all[occupants_ids]: must be user ids"},
		{"a fraction for an id", asJSON, `{"push_all": {"occupants_ids": [1.5]}}`, 400, "push_all[occupants_ids]: must be user ids"},
		{"a truth for an id", asJSON, `{"push_all": {"occupants_ids": [true]}}`, 400, "push_all[occupants_ids]: must be user ids"},
		{"101 ids", asForm, "push_all[occupants_ids]=" + many, 400, "100"},
		{"in and out at once", asJSON, `{"push_all": {"occupants_ids": [5]}, "pull_all": {"occupants_ids": [5]}}`, 400, "pull_all[occupants_ids]: "},
		{"an admin who is not in", asJSON, `{"push_all": {"admin_ids": [5]}}`, 400, "push_all[admin_ids]: "},
		{"an owner who is not in", asJSON, `{"user_id": 5}`, 400, "user_id: "},
		{"a name of no characters", asJSON, `{"name": ""}`, 400, "name: "},
		{"a name that is too long", asJSON, `{"name": "` + strings.Repeat("x", 201) + `"}`, 400, "name: "},
		{"an object for a photo", asJSON, `{"photo": {}}`, 400, "photo: must be a string"},
		{"data of an unknown class", asJSON, `{"data": {"class_name": "Cord", "note": "x"}}`, 400, "data: unknown custom class"},
		{"an unknown field", asJSON, `{"data": {"class_name": "Card", "nete": "x"}}`, 400, "data: the class Card has no field"},
		{"a value of another type", asJSON, `{"data": {"class_name": "Card", "level": "5"}}`, 400, "data: Card.level"},
		{"a text that is not a number", asForm, "data[class_name]=Card&data[level]=five", 400, "data: Card.level"},
		{"a value within a value", asForm, "data[class_name]=Card&data[note][x]=1", 400, "data: Card.note"},
		{"a path for a field", asJSON, `{"data": {"class_name": "Card", "a.b": 1}}`, 400, "data: "},
		{"a list for data", asJSON, `{"data": [1]}`, 400, "data: must be an object"},
		{"a body past the limit", asJSON, `{"name": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "too large"},
		{"right and wrong at once", asJSON, `{"name": "Dinner", "push_all": {"occupants_ids": [9]}, "data": {"class_name": "Card", "level": 1.5}}`, 400, "data: "},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			id := d.group("1", "2")
			before := d.get(user("1"), "/chat/Dialog/"+id)
			d.send(user("1"), http.MethodPut, "/chat/Dialog/"+id+".json", tt.contentType, tt.body).refused(tt.status, tt.text)
			d.get(user("1"), "/chat/Dialog/"+id+".json").want(http.StatusOK, before.Body)
			d.send(dialog.Caller{}, http.MethodPut, "/chat/Dialog/"+id+".json", tt.contentType, tt.body).refused(http.StatusUnauthorized, "authentication required")
			if log := d.log.String(); log != "" {
				t.Errorf("the API logged %s", log)
			}
		})
	}
}

func TestWrongIDs(t *testing.T) {
	d := open(t)
	for _, id := range []string{"x", "65BA1B4A0000000000000001", "65ba1b4a000000000000000", "65ba1b4a0000000000000001.xml", "%00", "%ff"} {
		d.put(user("1"), id, `{"name": "x"}`).refused(http.StatusBadRequest, "_id: ")
		d.get(user("1"), "/chat/Dialog/"+id).refused(http.StatusBadRequest, "_id: ")
	}
	d.put(user("1"), "65ba1b4a0000000000000001", `{"name": "x"}`).refused(http.StatusNotFound, "dialog not found")
	d.get(user("1"), "/chat/Dialog/65ba1b4a0000000000000001.json").refused(http.StatusNotFound, "dialog not found")
}
