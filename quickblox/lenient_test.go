package quickblox_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"dialogs/dialog"
)

// ignored checks which parameters the answer says it ignored.
func (a answer) ignored(want string) answer {
	a.Helper()
	if got := a.Header.Get("QB-Ignored"); got != want {
		a.Errorf("QB-Ignored is %q, want %q", got, want)
	}
	return a
}

// TestIgnoredOnUpdate sends what QuickBlox ignores or accepts in an update,
// and looks at the dialog, which is as if only the rest had been sent.
func TestIgnoredOnUpdate(t *testing.T) {
	const echo = `"_id": "65ba1b4a0000000000000009", "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
		"type": 1, "occupants_ids": [1], "admin_ids": [], "last_message": "hello", "last_message_date_sent": 1567971414,
		"last_message_id": "5d755856a0eb47411e0b72a9", "last_message_user_id": 7, "unread_messages_count": 3,
		"xmpp_room_jid": "0_x@muc.example.com", "is_join_required": 1, "silent_ids": []`
	const echoed = "_id,admin_ids,created_at,is_join_required,last_message,last_message_date_sent,last_message_id,last_message_user_id," +
		"occupants_ids,silent_ids,type,unread_messages_count,updated_at,xmpp_room_jid"
	for _, tt := range []struct {
		reason, contentType, body string
		ignored                   string
		name, occupants           string
	}{
		{"the whole dialog as it was loaded", asJSON, `{"name": "Dinner", "user_id": 1, ` + echo + `}`, echoed, "Dinner", `[1, 2]`},
		{"only what was loaded", asJSON, `{` + echo + `}`, echoed, "Lunch", `[1, 2]`},
		{"what the Android library sends", asForm, "name=New+Year&occupants_ids=1%2C2&push_all[occupants_ids]=3", "occupants_ids", "New Year", `[1, 2, 3]`},
		{"the same to remove somebody", asForm, "name=New+Year&occupants_ids=1%2C2&pull_all[occupants_ids]=2", "occupants_ids", "New Year", `[1]`},
		{"a photo that is null in letters", asForm, "name=Dinner&photo=null", "photo", "Dinner", `[1, 2]`},
		{"nothing", asJSON, `{}`, "", "Lunch", `[1, 2]`},
		{"no body", "", ``, "", "Lunch", `[1, 2]`},
		{"empty lists", asJSON, `{"push_all": {"occupants_ids": []}, "pull_all": {"occupants_ids": ""}}`, "", "Lunch", `[1, 2]`},
		{"push of one id", asForm, "push[occupants_ids][]=3", "", "Lunch", `[1, 2, 3]`},
		{"push of a text", asJSON, `{"push": {"occupants_ids": "3,4"}}`, "", "Lunch", `[1, 2, 3, 4]`},
		{"pull of one id", asForm, "pull[occupants_ids][]=2", "", "Lunch", `[1]`},
		{"push and push_all", asJSON, `{"push": {"occupants_ids": 3}, "push_all": {"occupants_ids": [4]}}`, "", "Lunch", `[1, 2, 3, 4]`},
		{"a list in a list", asForm, "push_all[occupants_ids][][]=3&push_all[occupants_ids][][]=4", "", "Lunch", `[1, 2, 3, 4]`},
		{"a list in a list, in JSON", asJSON, `{"push_all": {"occupants_ids": [[3, 4]]}}`, "", "Lunch", `[1, 2, 3, 4]`},
		{"a value and a list", asForm, "push_all[occupants_ids]=3&push_all[occupants_ids][]=4", "", "Lunch", `[1, 2, 3, 4]`},
		{"a number for a name", asJSON, `{"name": 2024}`, "", "2024", `[1, 2]`},
		{"a name twice", asForm, "name=a&name=b", "name", "b", `[1, 2]`},
		{"an unknown parameter", asJSON, `{"name": "x", "addOccupants": [5], "deep": {"er": {"and": 1}}}`, "addOccupants,deep[er][and]", "x", `[1, 2]`},
		{"an unknown list", asJSON, `{"push_all": {"users": [5]}}`, "push_all[users]", "Lunch", `[1, 2]`},
		{"names that can't be understood", asForm, "push_all[occupants_ids=3&push_all[x]y=1&push_all[][occupants_ids]=3&a[b][c][d]=1", "a[b][c][d],push_all[][occupants_ids],push_all[occupants_ids,push_all[x]y", "Lunch", `[1, 2]`},
		{"custom data of no class", asForm, "data[accepted]=%5B17487343%5D&name=x", "data", "x", `[1, 2]`},
		{"a semicolon", asForm, "name=a;b", "", "a;b", `[1, 2]`},
		{"numbered elements", asForm, "push_all[occupants_ids][1]=4&push_all[occupants_ids][0]=3", "", "Lunch", `[1, 2, 3, 4]`},
		{"ten numbered elements and one without", asForm, "push_all[occupants_ids][10]=5&push_all[occupants_ids][9]=4&push_all[occupants_ids][]=3", "", "Lunch", `[1, 2, 3, 4, 5]`},
		{"numbers of a language that prints lists", asForm, "push_all[occupants_ids]=[3,+4]", "", "Lunch", `[1, 2, 3, 4]`},
		{"ids with a point, of encoders that know only such numbers", asJSON, `{"push_all": {"occupants_ids": [3.0, 4e0]}, "user_id": 1.0}`, "", "Lunch", `[1, 2, 3, 4]`},
		{"elements without a value", asJSON, `{"push_all": {"occupants_ids": [null, "", 3]}}`, "", "Lunch", `[1, 2, 3]`},
		{"a comma at the end", asForm, "push_all[occupants_ids]=3,,4,", "", "Lunch", `[1, 2, 3, 4]`},
		{"a name in brackets in JSON, which is another name", asJSON, `{"push_all": {"occupants_ids[]": [3]}}`, "push_all[occupants_ids[]]", "Lunch", `[1, 2]`},
		{"a name that was not set", asJSON, `{"name": null, "photo": null, "data": null, "push_all": null}`, "name", "Lunch", `[1, 2]`},
		{"an owner that was not set", asJSON, `{"name": "x", "user_id": 0}`, "user_id", "x", `[1, 2]`},
		{"an empty owner", asForm, "name=x&user_id=", "user_id", "x", `[1, 2]`},
		{"empty objects", asForm, "name=x&push_all=&pull_all=&data=", "push_all,pull_all,data", "x", `[1, 2]`},
		{"empty lists for objects", asJSON, `{"name": "x", "push_all": [], "data": []}`, "", "x", `[1, 2]`},
		{"data of a class without a name", asJSON, `{"name": "x", "data": {"class_name": "", "n": 1}}`, "data", "x", `[1, 2]`},
		{"a list", asJSON, `[]`, "body", "Lunch", `[1, 2]`},
		{"null", asJSON, `null`, "body", "Lunch", `[1, 2]`},
		{"a text", asJSON, `"name"`, "body", "Lunch", `[1, 2]`},
		{"white space", asJSON, " \r\n", "", "Lunch", `[1, 2]`},
		{"another name of JSON", "text/json; charset=utf-8", `{"name": "x"}`, "", "x", `[1, 2]`},
		{"a type with a broken parameter", "application/json; charset", `{"name": "x"}`, "", "x", `[1, 2]`},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			id := d.group("1", "2")
			a := d.send(user("1"), http.MethodPut, "/chat/Dialog/"+id+".json", tt.contentType, tt.body).ignored(tt.ignored)
			a.wantField("name", `"`+tt.name+`"`)
			a.wantField("occupants_ids", tt.occupants)
			a.wantField("user_id", `1`)
			a.wantField("photo", `null`)
			a.wantField("_id", `"`+id+`"`)
			d.get(user("1"), "/chat/Dialog/"+id).want(http.StatusOK, a.Body)
		})
	}
}

// TestIgnoredOwner sends the owner along with a change, as an occupant who
// could not choose another.
func TestIgnoredOwner(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	d.put(user("2"), id, `{"name": "Dinner", "user_id": 1}`).ignored("user_id").wantField("name", `"Dinner"`)
	d.put(user("2"), id, `{"user_id": 1}`).ignored("user_id").wantField("user_id", `1`)
	d.put(user("2"), id, `{"name": "Supper", "user_id": 2}`).refused(http.StatusForbidden, "")
	d.put(user("3"), id, `{"user_id": 1}`).refused(http.StatusForbidden, "")
	d.put(user("3"), id, `{}`).refused(http.StatusForbidden, "")
	d.get(user("1"), "/chat/Dialog/"+id).wantField("name", `"Dinner"`)
}

// TestNamesOfPrivateDialogs sends names and photos for dialogs that have none.
func TestNamesOfPrivateDialogs(t *testing.T) {
	d := open(t)
	a := d.create(user("1"), `{"type": 3, "occupants_ids": [2], "name": "Anna", "photo": "68123"}`).ignored("name,photo")
	a.want(http.StatusCreated, "")
	if a.field("name") != nil || a.field("photo") != nil {
		t.Errorf("the dialog has a name or photo: %s", a.Body)
	}
	id, _ := a.field("_id").(string)
	d.put(user("2"), id, `{"name": "Ben", "photo": "x", "user_id": 1}`).ignored("name,photo,user_id").wantField("name", `null`)
	d.put(user("1"), id, `{"name": null, "photo": null}`).ignored("name,photo").wantField("name", `null`)
	d.put(user("1"), id, `{"name": "Ben", "data": {"class_name": "Card", "level": 3}}`).ignored("name").wantField("data", `{"class_name": "Card", "level": 3}`)
	d.put(user("1"), id, `{"name": "Ben", "push_all": {"occupants_ids": [3]}}`).refused(http.StatusBadRequest, "push_all[occupants_ids]: ")
	d.put(user("3"), id, `{"name": "Ben"}`).refused(http.StatusForbidden, "")

	// One that is found is not changed, and says so.
	found := d.create(user("2"), `{"type": 3, "occupants_ids": [1], "data": {"class_name": "Card", "level": 4}}`).ignored("data")
	found.want(http.StatusOK, "")
	found.wantField("data", `{"class_name": "Card", "level": 3}`)
}

func TestIgnoredOnCreate(t *testing.T) {
	for _, tt := range []struct{ reason, body, ignored, occupants string }{
		{"occupants of a public group", `{"type": 1, "name": "x", "occupants_ids": [2]}`, "occupants_ids", `[]`},
		{"an id and an owner", `{"type": 2, "name": "x", "_id": "65ba1b4a0000000000000001", "user_id": 5}`, "_id,user_id", `[1]`},
		{"whether members must join", `{"type": 2, "name": "x", "is_join_required": "yes"}`, "is_join_required", `[1]`},
		{"custom data of no class", `{"type": 2, "name": "x", "data": {"n": 1}}`, "data", `[1]`},
		{"a list in a list", `{"type": 2, "name": "x", "occupants_ids": [["2,3", 4]]}`, "", `[1, 4, "2,3"]`},
		{"numbers with a point", `{"type": 2.0, "name": "x", "occupants_ids": [2.0]}`, "", `[1, 2]`},
		{"admins of a private dialog", `{"type": 3, "occupants_ids": [2], "admin_ids": [2]}`, "admin_ids", `[1, 2]`},
		{"a whole object with nothing set", `{"_id": null, "type": 2, "name": "x", "occupants_ids": [2, null], "user_id": 0, "photo": null, "admin_ids": null, "data": null}`, "_id,user_id", `[1, 2]`},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			a := d.create(user("1"), tt.body).ignored(tt.ignored)
			a.want(http.StatusCreated, "")
			id, _ := a.field("_id").(string)
			d.get(user("1"), "/chat/Dialog/"+id).wantField("occupants_ids", tt.occupants)
		})
	}
}

func TestIgnoredInLists(t *testing.T) {
	d := open(t)
	d.group("1", "2")
	for _, tt := range []struct{ reason, query, ignored string }{
		{"the senders of messages", "sender_id%5Bin%5D=39258716&type%5Bin%5D=1,2", "sender_id[in]"},
		{"counts of messages", "include_unread_message_count=1&unread_messages_count[gt]=0", "include_unread_message_count,unread_messages_count[gt]"},
		{"pages of other kinds", "page=1&per_page=20&after=x&limit=200", "after,page,per_page"},
		{"an unknown order", "sort_asc=type", "sort_asc"},
		{"two orders", "sort_asc=name&sort_desc=created_at", "sort_desc"},
		{"orders in a list", "sort_desc[]=last_message_date_sent&sort_desc[]=updated_at", "sort_desc"},
		{"operators that are not documented", "type[gt]=1&name[nin]=Dinner&created_at[in]=5", "type[gt],name[nin],created_at[in]"},
		{"an occupant of several", "occupants_ids[in]=1", ""},
		{"any of several occupants", "occupants_ids[in]=5,6", "occupants_ids[in]"},
		{"the owner in a list", "user_id[in]=1", ""},
		{"fractions of a second", "updated_at[gte]=1448461234.567&updated_at[lt]=1969851801.5", ""},
		{"milliseconds", "updated_at[gte]=1448461234567&created_at[lt]=1969851800000.25", ""},
		{"an exponent", "updated_at[gte]=1.448461234567e9", ""},
		{"the time of creation", "created_at=1769851801", ""},
		{"pages of no dialogs", "limit=0&skip=-5", "limit,skip"},
		{"numbers with a point", "limit=5.0&skip=0.0&type=2", ""},
		{"values that were not set", "limit=&skip=&count=&user_id=&updated_at[gte]=&occupants_ids[all]=&data=", "limit,skip,count,user_id,updated_at[gte],data"},
		{"a count in words", "count=false", ""},
		{"the distant past and future", "updated_at[gte]=-62135596800&updated_at[lt]=64092211200.0&created_at[lte]=99999999999999999", ""},
		{"a decimal comma", "updated_at[gte]=1448461234,567", ""},
		{"dates", "updated_at[gte]=2015-11-25&created_at[gt]=2015-11-25T14:20:34%2B0000&created_at[lt]=2099-11-25%2014:20:34%20UTC", ""},
		{"a class alone", "data[class_name]=Card", "data[class_name]"},
		{"a field alone", "data[level]=1", "data"},
		{"a field of a class without a name", "data[class_name]=&data[level]=1", "data"},
		{"a field compared", "data[class_name]=Card&data[level][gt]=1", "data[level][gt],data[class_name]"},
		{"a type with a point", "type=2.0", ""},
		{"numbered elements", "type[in][0]=1&type[in][1]=2", ""},
		{"an odd name", "%00a,b%0d%0aX=1&" + strings.Repeat("x", 100) + "=1", "?a?b??X" + "," + strings.Repeat("x", 57) + "..."},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			a := d.get(user("1"), "/chat/Dialog.json?"+tt.query).ignored(tt.ignored)
			a.wantField("total_entries", `1`)
		})
	}
	many := ""
	for i := range 30 {
		many += "&unknown" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "=1"
	}
	if got := d.get(user("1"), "/chat/Dialog.json?"+many).Header.Get("QB-Ignored"); strings.Count(got, ",") != 20 || !strings.HasSuffix(got, ",...") {
		t.Errorf("QB-Ignored is not bounded: %s", got)
	}
}

// TestTimes compares times as clients compute them with that of a dialog,
// which was created at 1769851801 seconds.
func TestTimes(t *testing.T) {
	d := open(t)
	d.group("1")
	for query, want := range map[string]string{
		"created_at[gte]=1769851801":         "1",
		"created_at[gte]=1769851801.0":       "1",
		"created_at[gte]=1769851801000":      "1",
		"created_at[gte]=1769851801.001":     "0",
		"created_at[gte]=1769851801001":      "0",
		"created_at[gte]=1769851800.999":     "1",
		"created_at[gt]=1769851800.5":        "1",
		"created_at[gt]=1769851801.5":        "0",
		"created_at[lte]=1769851801.5":       "1",
		"created_at[lt]=1769851801.5":        "1",
		"created_at[lt]=1769851801000":       "0",
		"created_at=1769851801":              "1",
		"created_at=1769851802":              "0",
		"created_at=1769851801.5":            "0",
		"created_at=2026-01-31T09:30:01Z":    "1",
		"created_at[lt]=4102444800000.00001": "1",
		"created_at[lt]=1769851801,5":        "1",
		"created_at[lt]=-62135596800":        "0",
		"created_at[gt]=64092211200":         "0",
		"created_at[gt]=1769851801000000":    "0",
		"created_at=2026-01-31%2009:30:01":   "1",
	} {
		d.get(user("1"), "/chat/Dialog.json?"+query).wantField("total_entries", want)
	}
	for _, value := range []string{"-1", "1e99", "0x10", "NaN", "1_0", ".5", "9999999999999999", "1448461234.", "1e-3"} {
		a := d.get(user("1"), "/chat/Dialog.json?created_at[gt]="+value)
		if a.Status != http.StatusOK && a.Status != http.StatusBadRequest {
			t.Errorf("%s: got status %d: %s", value, a.Status, a.Body)
		}
	}
}

// TestBodies sends bodies as older libraries write them.
func TestBodies(t *testing.T) {
	d := open(t)
	id := d.group("1", "2", "3")
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range map[string]string{"0": " ", "push_all[occupants_ids][]": "4"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file, err := w.CreateFormFile("file", "x.png"); err != nil {
		t.Fatal(err)
	} else if _, err := file.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d.send(user("1"), http.MethodPut, "/chat/Dialog/"+id, w.FormDataContentType(), form.String()).ignored("file,0").wantField("occupants_ids", `[1, 2, 3, 4]`)
	d.send(user("1"), http.MethodPut, "/chat/Dialog/"+id, "multipart/form-data", form.String()).refused(http.StatusBadRequest, "multipart")

	d.send(user("1"), http.MethodGet, "/chat/Dialog.json", asJSON, `" "`).ignored("body").wantField("total_entries", `1`)
	d.send(user("1"), http.MethodGet, "/chat/Dialog.json", asJSON, `{"limit": 1, "type": {"in": [2, 3]}, "name": {"ctn": "UN"}}`).ignored("").wantField("limit", `1`)
	d.send(user("1"), http.MethodGet, "/chat/Dialog.json", asForm, `type[in]=1,2&sort_desc=last_message_date_sent&limit=3`).ignored("").wantField("limit", `3`)
	d.send(user("1"), http.MethodGet, "/chat/Dialog/"+id, "text/plain", `x`).ignored("body").wantField("_id", `"`+id+`"`)
	d.send(user("1"), http.MethodPut, "/chat/Dialog/"+id+"?name=Dinner", asJSON, `{"name": "Supper"}`).ignored("name").wantField("name", `"Supper"`)

	// What is not understood on a deletion never deletes for everyone.
	for _, body := range []string{"[]", "null", `"force"`, "1"} {
		other := d.group("1", "3")
		d.send(user("3"), http.MethodDelete, "/chat/Dialog/"+other, asJSON, body).ignored("body").want(http.StatusOK, "")
		d.send(user("1"), http.MethodDelete, "/chat/Dialog/"+other, asJSON, "force=true").ignored("").want(http.StatusOK, "")
	}
	d.send(user("3"), http.MethodDelete, "/chat/Dialog/"+id, "", "force=1").ignored("body").want(http.StatusOK, "")
	d.send(user("2"), http.MethodDelete, "/chat/Dialog/"+id, asForm, "farce=1").ignored("farce").want(http.StatusOK, "")
	d.get(user("1"), "/chat/Dialog/"+id).wantField("occupants_ids", `[1, 4]`)
}

// TestNamedAsSent looks for the parameter that was sent, and for no other's
// name, in refusals.
func TestNamedAsSent(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	for body, label := range map[string]string{
		`{"push": {"occupants_ids": [1.5]}}`:                                          "push[occupants_ids]: ",
		`{"push": {"occupants_ids": ["\u0000"]}}`:                                     "push[occupants_ids]: ",
		`{"push_all": {"occupants_ids": ["\u0000"]}}`:                                 "push_all[occupants_ids]: ",
		`{"pull": {"occupants_ids": ["\u0000"]}}`:                                     "pull[occupants_ids]: ",
		`{"push": {"occupants_ids": ["\u0000"]}, "push_all": {"occupants_ids": [5]}}`: "push[occupants_ids], push_all[occupants_ids]: ",
		`{"push": {"admin_ids": [9]}}`:                                                "push[admin_ids]: ",
		`{"push": {"occupants_ids": [5]}, "pull": {"occupants_ids": [5]}}`:            "pull[occupants_ids]: ",
		`{"push": {"occupants_ids": [5]}, "pull_all": {"occupants_ids": [5]}}`:        "pull_all[occupants_ids]: ",
		`{"push": 5}`:       "push: ",
		`{"user_id": 9}`:    "user_id: ",
		`{"name": ["x"]}`:   "name: ",
		`{"data": "x"}`:     "data: ",
		`{"photo": [true]}`: "photo: ",
	} {
		if a := d.put(user("1"), id, body); a.Status != http.StatusBadRequest || !strings.HasPrefix(a.Body, `{"errors":["`+label) {
			t.Errorf("%s: got status %d: %s", body, a.Status, a.Body)
		}
	}
	for query, label := range map[string]string{
		"_id[in]=x": "_id[in]: ", "_id=x": "_id: ", "_id[ne]=x": "_id[ne]: ", "name[in]=%ff": "name[in]: ", "name=%ff": "name: ",
		"name[ne]=%ff": "name[ne]: ", "type[in]=9": "type[in]: ", "occupants_ids[all]=": "", "user_id[in]=%ff": "user_id[in]: ",
		"limit=x": "limit: ", "skip=100001": "skip: ",
	} {
		a := d.get(user("1"), "/chat/Dialog.json?"+query)
		if label != "" && (a.Status != http.StatusBadRequest || !strings.HasPrefix(a.Body, `{"errors":["`+label)) {
			t.Errorf("%s: got status %d: %s", query, a.Status, a.Body)
		}
	}
}

// TestExpiredSession looks for what client libraries of all ages take as the
// end of a session.
func TestExpiredSession(t *testing.T) {
	d := open(t)
	a := d.get(dialog.Caller{}, "/chat/Dialog.json")
	if got := a.Header.Get("Status"); a.Status != http.StatusUnauthorized || got != "401 Unauthorized" {
		t.Errorf("got status %d and the header Status %q", a.Status, got)
	}
	if got := d.get(user("1"), "/chat/Dialog.json").Header.Get("Status"); got != "" {
		t.Errorf("an answer has the header Status %q", got)
	}
}

func TestIgnoredInSessions(t *testing.T) {
	d := open(t)
	body := `{"user_id": 7, "application_id": 76730, "auth_key": "x", "timestamp": 1567349756, "nonce": 7334, "signature": "y", "user": {"login": "z"}}`
	a := d.send(server(), http.MethodPost, "/session.json", asJSON, body).ignored("application_id,auth_key,nonce,signature,timestamp,user[login]")
	a.want(http.StatusCreated, "")
	d.send(server(), http.MethodPost, "/users/7/tokens", asForm, "application_id=1").ignored("application_id").want(http.StatusOK, "")
	d.send(user("7"), http.MethodGet, "/session.json?token=x", asJSON, `" "`).ignored("body,token").want(http.StatusOK, "")
	d.send(user("7"), http.MethodDelete, "/session.json?x=1", "", "").ignored("x").want(http.StatusOK, "")
	d.get(dialog.Caller{}, "/account_settings.json?x=1").ignored("x").want(http.StatusOK, "")
	id := d.group("1")
	d.get(user("1"), "/chat/Dialog/"+id+"?include=all").ignored("include").want(http.StatusOK, "")
}
