package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// at returns the value at a path of keys and indexes in an answer.
func at(t testing.TB, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch in := value.(type) {
		case map[string]any:
			value = in[fmt.Sprint(step)]
		case []any:
			i, _ := step.(int)
			if i >= len(in) {
				t.Fatalf("no element %d in %v", i, in)
			}
			value = in[i]
		default:
			t.Fatalf("nothing at %v in %v", step, value)
		}
	}
	return value
}

// TestOccupantsWhileOthersLeave removes the member whose cursor was the end of a page: the
// next page starts with the member after them.
func TestOccupantsWhileOthersLeave(t *testing.T) {
	const page = `query($id: ID!, $after: String) { dialog(id: $id) { occupants(first: 2, after: $after) {
		nodes { userId } edges { node { userId } cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
	d := open(t, nil)
	id := d.group("alice", "bob", "cid", "dan", "eve")
	first := d.do(user("alice"), page, "id", id)
	info := at(t, first.Data, "dialog", "occupants", "pageInfo")
	if at(t, info, "endCursor") != at(t, first.Data, "dialog", "occupants", "edges", 1, "cursor") || at(t, info, "hasNextPage") != true {
		t.Fatalf("the first page: %s", first.Body)
	}
	for _, change := range []dialog.Change{
		{RemoveOccupants: []dialog.UserID{"bob"}},
		{AddOccupants: []dialog.UserID{"bob"}},
		{NewOwner: dialog.Some[dialog.UserID]("dan")},
		{RemoveOccupants: []dialog.UserID{"alice"}},
	} {
		if _, err := d.service.Update(t.Context(), server(), id, change); err != nil {
			t.Fatal(err)
		}
		next := d.do(user("dan"), page, "id", id, "after", at(t, info, "endCursor"))
		nodes := at(t, next.Data, "dialog", "occupants", "nodes")
		if at(t, nodes, 0, "userId") != "cid" || at(t, nodes, 1, "userId") != "dan" {
			t.Errorf("after %+v: %s", change, next.Body)
		}
	}
	old := d.do(user("dan"), page, "id", id, "after", "eyJ2IjoxLCJkIjoiIiwidSI6ImIiLCJuIjoxfQ")
	if code, field := old.code(t); code != "BAD_USER_INPUT" || field != "after" {
		t.Errorf("a cursor of an earlier version: %s", old.Body)
	}
}

// TestEmptyPage: a page between two neighbors is empty, and its cursors lead to them. If
// the list does not continue, there is no cursor.
func TestEmptyPage(t *testing.T) {
	const list = `query($first: Int, $last: Int, $after: String, $before: String) { dialogs(first: $first, last: $last, after: $after, before: $before, orderBy: {field: CREATED_AT, direction: ASC}) {
		edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	d := open(t, nil)
	made := []string{d.group("alice"), d.group("alice"), d.group("alice"), d.group("alice")}
	all := d.do(user("alice"), list, "first", 10)
	cursor := func(i int) any { return at(t, all.Data, "dialogs", "edges", i, "cursor") }
	for _, tt := range []struct {
		reason        string
		after, before any
		previous      []string // the page before the empty one, if any
		next          []string
	}{
		{"between two", cursor(1), cursor(2), made[:2], made[2:]},
		{"after the last", cursor(3), nil, made, nil},
		{"before the first", nil, cursor(0), nil, made},
	} {
		empty := d.do(user("alice"), list, "first", 2, "after", tt.after, "before", tt.before)
		info := at(t, empty.Data, "dialogs", "pageInfo")
		for _, side := range []struct {
			flag, cursor, from, size string
			want                     []string
		}{
			{"hasPreviousPage", "startCursor", "before", "last", tt.previous},
			{"hasNextPage", "endCursor", "after", "first", tt.next},
		} {
			if at(t, info, side.flag) != (side.want != nil) || (at(t, info, side.cursor) != nil) != (side.want != nil) {
				t.Errorf("%s: %v", tt.reason, info)
				continue
			}
			if side.want == nil {
				continue
			}
			beside := d.do(user("alice"), list, side.size, 10, side.from, at(t, info, side.cursor))
			var got []string
			nodes, _ := at(t, beside.Data, "dialogs", "nodes").([]any)
			for i := range nodes {
				got = append(got, fmt.Sprint(at(t, nodes, i, "id")))
			}
			if strings.Join(got, " ") != strings.Join(side.want, " ") {
				t.Errorf("%s, %s: got %v, want %v", tt.reason, side.from, got, side.want)
			}
		}
	}
}

// TestListsAreNeverNull reads every list of the schema from a new store, with every
// filter. Null would mean that the list was refused.
func TestListsAreNeverNull(t *testing.T) {
	d := open(t, memory.NewStore())
	public := d.do(user("alice"), `mutation { createDialog(input: {type: PUBLIC_GROUP, name: "x"}) { dialog { id } } }`)
	id := fmt.Sprint(at(t, public.Data, "createDialog", "dialog", "id"))
	for _, query := range []string{
		`{ customClasses { fields { name } } }`,
		`{ nodes(ids: []) { id } }`,
		`{ dialog(id: "` + id + `") { occupantIds adminIds customData { className } occupants { nodes { userId } edges { cursor } } history { changed addedOccupantIds removedOccupantIds addedAdminIds removedAdminIds } } }`,
		`mutation { updateDialog(id: "` + id + `", input: {name: "y"}) { change { changed addedOccupantIds removedOccupantIds addedAdminIds removedAdminIds } } }`,
		`mutation { updateDialog(id: "` + id + `", input: {addAdmins: [], removeAdmins: null, addOccupants: [], name: "z", customData: []}) { dialog { occupantIds adminIds customData { className } } change { changed } } }`,
	} {
		wantNoNull(t, d.do(user("alice"), query), query)
	}
	wantNoNull(t, d.do(server(), `mutation { defineCustomClass(input: {name: "Empty", fields: []}) { customClass { name fields { name } } } }`), "a class without fields")
	wantNoNull(t, d.do(server(), `{ customClasses { fields { name } } }`), "classes")
	for _, filter := range []string{
		`null`, `{}`, `{ids: []}`, `{ids: null}`, `{types: []}`, `{types: [PRIVATE]}`, `{ownerId: "nobody"}`, `{occupantIds: []}`, `{occupantIds: ["nobody"]}`,
		`{nameContains: "nothing"}`, `{updatedAfter: "2099-01-01T00:00:00Z"}`, `{updatedBefore: "1999-01-01T00:00:00Z"}`,
		`{createdAfter: "2099-01-01T00:00:00Z"}`, `{createdBefore: "1999-01-01T00:00:00Z"}`, `{customData: []}`, `{customData: [{className: "Empty", fields: {}}]}`,
	} {
		for _, scope := range []string{"MINE", "PUBLIC", "VISIBLE"} {
			for _, field := range []string{"UPDATED_AT", "CREATED_AT", "NAME"} {
				query := `{ dialogs(scope: ` + scope + `, filter: ` + filter + `, orderBy: {field: ` + field + `, direction: ASC}) { nodes { occupantIds adminIds customData { className } } edges { cursor } totalCount } }`
				wantNoNull(t, d.do(user("bob"), query), query)
			}
		}
	}
}

// wantNoNull checks that an answer has no errors and no null.
func wantNoNull(t testing.TB, a answer, what string) {
	t.Helper()
	if len(a.Errors) > 0 || strings.Contains(a.Body, "null") {
		t.Errorf("%s: %s", what, a.Body)
	}
}
