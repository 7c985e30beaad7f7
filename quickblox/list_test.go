package quickblox_test

import (
	"net/http"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// A crowd is a fixture with some dialogs, whose names tell them apart. They were
// created a second apart, and changed in the same order.
type crowd struct {
	*fixture
	ids map[string]string
}

func openCrowd(t testing.TB) crowd {
	t.Helper()
	c := crowd{open(t), map[string]string{}}
	c.ids["Breakfast"] = c.group("1", "2", "3")
	c.ids["Lunch"] = c.group("2", "1")
	c.ids["Dinner"] = c.group("1", "3")
	c.ids["Others"] = c.group("8", "9")
	c.ids["Square"] = c.public("8", "Square")
	for _, name := range []string{"Breakfast", "Lunch", "Dinner", "Others"} { // created at :01 to :05, changed at :06 to :09
		change := dialog.Change{Name: dialog.Some(name), Custom: []dialog.CustomInput{{
			Class: "Card", Fields: map[string]any{"level": int64(len(name)), "note": "note", "tags": []any{name}},
		}}}
		if _, err := c.service.Update(c.Context(), server(), c.ids[name], change); err != nil {
			c.Fatal(err)
		}
	}
	return c
}

// names asks for a list and returns the names of its items.
func (c crowd) names(as dialog.Caller, query string) string {
	c.Helper()
	a := c.get(as, "/chat/Dialog.json?"+query)
	if a.Status != http.StatusOK {
		c.Fatalf("%s: got status %d: %s", query, a.Status, a.Body)
	}
	var names []string
	items, _ := a.field("items").([]any)
	for _, item := range items {
		object, _ := item.(map[string]any)
		name, _ := object["name"].(string)
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestLists(t *testing.T) {
	c := openCrowd(t)
	c.ids["missing"] = "65ba1b4a0000000000000001"
	fill := func(query string) string {
		for name, id := range c.ids {
			query = strings.ReplaceAll(query, "{"+name+"}", id)
		}
		return query
	}
	for _, tt := range []struct {
		reason, query string
		want          string
	}{
		{"what the caller may see, the latest change first", "", "Dinner Lunch Breakfast Square"},
		{"by creation", "sort_asc=created_at", "Breakfast Lunch Dinner Square"},
		{"by creation, the latest first", "sort_desc=created_at", "Square Dinner Lunch Breakfast"},
		{"by name", "sort_asc=name", "Breakfast Dinner Lunch Square"},
		{"by the last message, which is none", "sort_desc=last_message_date_sent", "Dinner Lunch Breakfast Square"},
		{"a page", "sort_asc=created_at&limit=2", "Breakfast Lunch"},
		{"the page behind it", "sort_asc=created_at&limit=2&skip=2", "Dinner Square"},
		{"past the end", "skip=4", ""},
		{"one by its id", "_id={Lunch}", "Lunch"},
		{"by ids", "_id[in]={Lunch},{Dinner},{missing}", "Dinner Lunch"},
		{"by ids, those of others among them", "_id[in]={Lunch},{Others}", "Lunch"},
		{"by a list of ids", "_id[in][]={Lunch}&_id[in][]={Dinner}", "Dinner Lunch"},
		{"by no ids", "_id[in]=", ""},
		{"one that is another's", "_id={Others}", ""},
		{"by type", "type=1", "Square"},
		{"by types", "type[in]=1,3", "Square"},
		{"all of two types, as QuickBlox's recipe has it", "type[in]=1,2&sort_desc=last_message_date_sent&limit=3", "Dinner Lunch Breakfast"},
		{"all but one id", "_id[ne]={Lunch}", "Dinner Breakfast Square"},
		{"one of ids and not another", "_id[in]={Lunch},{Dinner}&_id[ne]={Lunch}", "Dinner"},
		{"by its name", "name=Lunch", "Lunch"},
		{"by its name in another case", "name=lunch", ""},
		{"by names", "name[in]=Lunch, Square,Others", "Lunch Square"},
		{"by a name with a comma, which is one", "name=Lunch,Square", ""},
		{"all but one name", "name[ne]=Lunch", "Dinner Breakfast Square"},
		{"names with a part, but one", "name[ctn]=N&name[ne]=Dinner", "Lunch"},
		{"by a part of the name, in any case", "name[ctn]=N", "Dinner Lunch"},
		{"by owner", "user_id=2", "Lunch"},
		{"by occupants", "occupants_ids[all]=1,3", "Dinner Breakfast"},
		{"by an occupant", "occupants_ids=2", "Lunch Breakfast"},
		{"by occupants and type", "occupants_ids[all][]=1&occupants_ids[all][]=2&type=2", "Lunch Breakfast"},
		{"created after a second", "created_at[gt]=1769851802", "Dinner Square"},
		{"created from a second on", "created_at[gte]=1769851802", "Dinner Lunch Square"},
		{"created before a second", "created_at[lt]=1769851802", "Breakfast"},
		{"created up to a second", "created_at[lte]=1769851802", "Lunch Breakfast"},
		{"created between", "created_at[gte]=1769851802&created_at[lt]=1769851805", "Dinner Lunch"},
		{"created after both", "created_at[gt]=1769851801&created_at[gte]=1769851803", "Dinner Square"},
		{"created after an instant", "created_at[gt]=2026-01-31T09:30:02Z", "Dinner Square"},
		{"created after an instant within a second", "created_at[gt]=2026-01-31T09:30:01.999Z", "Dinner Lunch Square"},
		{"created from within a second on", "created_at[gte]=2026-01-31T09:30:01.001Z", "Dinner Lunch Square"},
		{"created before the end of a second", "created_at[lt]=2026-01-31T09:30:02.001Z", "Lunch Breakfast"},
		{"created up to within a second", "created_at[lte]=2026-01-31T09:30:01.999Z", "Breakfast"},
		{"changed after a second", "updated_at[gt]=1769851806", "Dinner Lunch"},
		{"changed before a second", "updated_at[lt]=1769851807", "Breakfast Square"},
		{"by a number in the custom data", "data[class_name]=Card&data[level]=6", "Dinner"},
		{"by a text in the custom data", "data[class_name]=Card&data[note]=note", "Dinner Lunch Breakfast"},
		{"by two fields", "data[class_name]=Card&data[note]=note&data[level]=9", "Breakfast"},
		{"by a list in the custom data", "data[class_name]=Card&data[tags]=Lunch", "Lunch"},
		{"by a value that none has", "data[class_name]=Card&data[level]=1", ""},
		{"whose last message is late", "last_message_date_sent[gt]=0", ""},
		{"whose last message is another", "last_message_date_sent[ne]=0", "Dinner Lunch Breakfast Square"},
		{"brackets encoded as the npm package does", "created_at%5bgt%5d=1769851802", "Dinner Square"},
	} {
		for _, as := range []dialog.Caller{user("1"), onBehalf("1")} {
			if got := c.names(as, fill(tt.query)); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.reason, got, tt.want)
			}
		}
	}
	if got := c.names(server(), ""); got != "Others Dinner Lunch Breakfast Square" {
		t.Errorf("a server sees %s", got)
	}
}

// TestListView checks everything in a list.
func TestListView(t *testing.T) {
	c := openCrowd(t)
	a := c.get(user("1"), "/chat/Dialog.json?limit=1&skip=1")
	lunch := c.get(user("1"), "/chat/Dialog/"+c.ids["Lunch"]+".json")
	a.want(http.StatusOK, `{"total_entries": 4, "skip": 1, "limit": 1, "items": [`+lunch.Body+`]}`)
	c.get(user("1"), "/chat/Dialog").want(http.StatusOK, c.get(user("1"), "/chat/Dialog.json?limit=100&skip=0").Body)
	c.get(user("1"), "/chat/Dialog.json?limit=1000&skip=9").want(http.StatusOK, `{"total_entries": 4, "skip": 9, "limit": 100, "items": []}`)
	c.get(user("1"), "/chat/Dialog.json?count=1").want(http.StatusOK, `{"items": {"count": 4}}`)
	c.get(user("1"), "/chat/Dialog.json?count=1&type=2").want(http.StatusOK, `{"items": {"count": 3}}`)
	c.get(user("7"), "/chat/Dialog.json?type=2").want(http.StatusOK, `{"total_entries": 0, "skip": 0, "limit": 100, "items": []}`)
	if got := c.send(user("1"), http.MethodHead, "/chat/Dialog.json", "", "").Status; got != http.StatusOK {
		t.Errorf("HEAD: got status %d", got)
	}
}

// TestListData shows the class that a list is filtered by.
func TestListData(t *testing.T) {
	d := openStore(t, memory.NewStore(
		dialog.Class{Name: "Zeal", Revision: 1, Fields: []dialog.Field{{Name: "n", Type: dialog.Integer}}},
		dialog.Class{Name: "Art", Revision: 1, Fields: []dialog.Field{{Name: "n", Type: dialog.Integer}}}))
	id := d.group("1")
	d.put(user("1"), id, `{"data": {"class_name": "Zeal", "n": 1}}`).wantField("data", `{"class_name": "Zeal", "n": 1}`)
	d.put(user("1"), id, `{"data": {"class_name": "Art", "n": 2}}`).wantField("data", `{"class_name": "Art", "n": 2}`)
	for query, want := range map[string]string{
		"": `{"class_name":"Art","n":2}`, "data[class_name]=Zeal&data[n]=1": `{"class_name":"Zeal","n":1}`,
	} {
		if a := d.get(user("1"), "/chat/Dialog.json?"+query); !strings.Contains(a.Body, `"data":`+want) {
			t.Errorf("%s: got %s", query, a.Body)
		}
	}
}

func TestWrongLists(t *testing.T) {
	for _, tt := range []struct{ reason, query, text string }{
		{"no number", "limit=many", "limit: must be a whole number"},
		{"half a dialog on a page", "limit=10.5", "limit: must be a whole number"},
		{"a number of another base", "limit=0x10", "limit: must be a whole number"},
		{"a number past every int", "limit=99999999999", "limit: must be a whole number"},
		{"too much before it", "skip=100001", "skip: "},
		{"half a count", "count=2", "count: must be 0 or 1"},
		{"a name and names", "name=Lunch&name[in]=Dinner", "name"},
		{"broken UTF-8 in a name", "name=%ff", "name: "},
		{"a name to leave out that is too long", "name[ne]=" + strings.Repeat("x", 201), "name[ne]: "},
		{"no id to leave out", "_id[ne]=x", "_id[ne]: "},
		{"no instant", "created_at[gt]=today", "created_at[gt]: must be"},
		{"no id", "_id=x", "_id: "},
		{"no id among ids", "_id[in]=65ba1b4a0000000000000001,x", "_id[in]: "},
		{"both", "_id=65ba1b4a0000000000000001&_id[in]=65ba1b4a0000000000000001", "_id"},
		{"an unknown type", "type=4", "type: "},
		{"a type in words", "type[in]=group", "type[in]: "},
		{"a part of a name that is too long", "name[ctn]=" + strings.Repeat("x", 201), "name[ctn]: "},
		{"broken UTF-8", "name[ctn]=%ff", "name[ctn]: "},
		{"an unknown class", "data[class_name]=Cord&data[n]=1", "data: unknown custom class"},
		{"an unknown field", "data[class_name]=Card&data[lavel]=1", "data: the class Card has no field"},
		{"a text for a number", "data[class_name]=Card&data[level]=x", "data: Card.level"},
		{"badly encoded", "name[ctn]=%zz", "percent-encoding"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := open(t)
			d.get(user("1"), "/chat/Dialog.json?"+tt.query).refused(http.StatusBadRequest, tt.text)
			d.get(dialog.Caller{}, "/chat/Dialog.json?"+tt.query).refused(http.StatusUnauthorized, "authentication required")
		})
	}
}
