package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dialogs/dialog"
)

const (
	create = `mutation($input: CreateDialogInput!) { createDialog(input: $input) { created dialog { id } } }`
	update = `mutation($id: ID!, $input: UpdateDialogInput!) { updateDialog(id: $id, input: $input) { dialog { version } change { version } replayed } }`
	list   = `query($filter: DialogFilter, $first: Int, $last: Int, $after: String, $before: String, $orderBy: DialogOrder! = {field: NAME, direction: ASC}, $scope: DialogScope! = VISIBLE) { dialogs(scope: $scope, filter: $filter, first: $first, last: $last, after: $after, before: $before, orderBy: $orderBy) { nodes { id } } }`
)

func ids(n int) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(`"u%d"`, i)
	}
	return "[" + strings.Join(texts, ",") + "]"
}

// TestBadInput sends malformed ids, names, lists, limits, classes, fields and values, each
// as raw JSON. The error must be BAD_USER_INPUT and name the field, and the dialog must
// not change.
func TestBadInput(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, test := range []struct {
		input, field, reason string
	}{
		{`{}`, "input", "a change asks for something"},
		{`{"ifVersion": 1}`, "input", "a condition asks for nothing"},
		{`{"addOccupants": []}`, "input", "an empty list asks for nothing"},
		{`{"customData": [{"className": "Card", "fields": {}}]}`, "input", "empty fields ask for nothing"},
		{`{"name": null}`, "name", "a name can't be cleared"},
		{`{"name": ""}`, "name", "a name has characters"},
		{`{"name": 5}`, "name", "a number is not a string"},
		{`{"name": true}`, "name", "a boolean is not a string"},
		{`{"name": ["Lunch"]}`, "name", "a list is not a string"},
		{`{"name": "a\u0000b"}`, "name", "NUL"},
		{`{"name": "a\nb"}`, "name", "a control character"},
		{`{"name": "` + strings.Repeat("x", 201) + `"}`, "name", "201 characters"},
		{`{"photo": ""}`, "photo", "a photo has characters; null clears it"},
		{`{"photo": "` + strings.Repeat("x", 2049) + `"}`, "photo", "2,049 bytes"},
		{`{"photo": "a\u0000"}`, "photo", "NUL"},
		{`{"addOccupants": [""]}`, "addOccupants", "an id has bytes"},
		{`{"addOccupants": ["` + long + `"]}`, "addOccupants", "129 bytes"},
		{`{"addOccupants": [1.5]}`, "addOccupants", "a float is not an id"},
		{`{"addOccupants": [true]}`, "addOccupants", "a boolean is not an id"},
		{`{"addOccupants": [null]}`, "addOccupants", "null is not an id"},
		{`{"addOccupants": [{}]}`, "addOccupants", "an object is not an id"},
		{`{"addOccupants": ["a\u0000"]}`, "addOccupants", "NUL"},
		{`{"addOccupants": ` + ids(101) + `}`, "addOccupants", "101 ids"},
		{`{"removeOccupants": ` + ids(101) + `}`, "removeOccupants", "101 ids"},
		{`{"addAdmins": ` + ids(10_000) + `}`, "addAdmins", "10,000 ids"},
		{`{"removeAdmins": ` + ids(10_000) + `}`, "removeAdmins", "10,000 ids"},
		{`{"addOccupants": ["x"], "removeOccupants": ["x"]}`, "removeOccupants", "in and out at once"},
		{`{"addAdmins": ["x"], "removeAdmins": ["x"]}`, "removeAdmins", "named and dismissed at once"},
		{`{"removeOccupants": ["bob"], "addAdmins": ["bob"]}`, "addAdmins", "removed and named at once"},
		{`{"removeOccupants": ["bob"], "newOwnerId": "bob"}`, "newOwnerId", "removed and made owner at once"},
		{`{"addAdmins": ["stranger"]}`, "addAdmins", "an admin of a group is an occupant"},
		{`{"newOwnerId": "stranger"}`, "newOwnerId", "the owner of a group is an occupant"},
		{`{"newOwnerId": ""}`, "newOwnerId", "an id has bytes"},
		{`{"newOwnerId": 1.5}`, "newOwnerId", "a float is not an id"},
		{`{"name": "x", "ifVersion": "5"}`, "ifVersion", "text is not a number"},
		{`{"name": "x", "ifVersion": 1.5}`, "ifVersion", "a fraction is not a whole number"},
		{`{"name": "x", "ifVersion": true}`, "ifVersion", "a boolean is not a number"},
		{`{"name": "x", "ifVersion": 99999999999}`, "ifVersion", "more than 32 bits"},
		{`{"name": "x", "ifVersion": 99999999999999999999}`, "ifVersion", "20 digits"},
		{`{"name": "x", "idempotencyKey": ""}`, "idempotencyKey", "a key has characters"},
		{`{"name": "x", "idempotencyKey": "` + strings.Repeat("k", 65) + `"}`, "idempotencyKey", "65 characters"},
		{`{"name": "x", "idempotencyKey": 7}`, "idempotencyKey", "a number is not a string"},
		{`{"nonsense": 1}`, "nonsense", "a field that is not there"},
		{`{"customData": [{"className": "Nope", "fields": {"a": 1}}]}`, "customData", "an unknown class"},
		{`{"customData": [{"className": "no.dots", "fields": {"a": 1}}]}`, "customData", "a class name with a dot"},
		{`{"customData": [{"className": "$set", "fields": {"a": 1}}]}`, "customData", "a class name with a dollar"},
		{`{"customData": [{"className": "", "fields": {"a": 1}}]}`, "customData", "an empty class name"},
		{`{"customData": [{"className": "Card", "fields": {"nope": 1}}]}`, "customData", "an unknown field"},
		{`{"customData": [{"className": "Card", "fields": {"nope": null}}]}`, "customData", "an unknown field to remove"},
		{`{"customData": [{"className": "Card", "fields": {"a.b": 1}}]}`, "customData", "a field name with a dot"},
		{`{"customData": [{"className": "Card", "fields": {"open": "true"}}]}`, "customData", "text is not a boolean"},
		{`{"customData": [{"className": "Card", "fields": {"level": 1.5}}]}`, "customData", "a fraction is not an integer"},
		{`{"customData": [{"className": "Card", "fields": {"level": "1"}}]}`, "customData", "text is not an integer"},
		{`{"customData": [{"className": "Card", "fields": {"level": 9007199254740992}}]}`, "customData", "2^53"},
		{`{"customData": [{"className": "Card", "fields": {"level": 12345678901234567890}}]}`, "customData", "20 digits"},
		{`{"customData": [{"className": "Card", "fields": {"level": 1e999999999}}]}`, "customData", "an absurd exponent"},
		{`{"customData": [{"className": "Card", "fields": {"weight": 1e400}}]}`, "customData", "no finite double"},
		{`{"customData": [{"className": "Card", "fields": {"weight": "1"}}]}`, "customData", "text is not a double"},
		{`{"customData": [{"className": "Card", "fields": {"note": 1}}]}`, "customData", "a number is not a string"},
		{`{"customData": [{"className": "Card", "fields": {"note": "a\u0000"}}]}`, "customData", "NUL"},
		{`{"customData": [{"className": "Card", "fields": {"due": "tomorrow"}}]}`, "customData", "no instant"},
		{`{"customData": [{"className": "Card", "fields": {"due": 1769850600}}]}`, "customData", "a number is not an instant"},
		{`{"customData": [{"className": "Card", "fields": {"place": [181, 0]}}]}`, "customData", "no longitude"},
		{`{"customData": [{"className": "Card", "fields": {"place": [0, 91]}}]}`, "customData", "no latitude"},
		{`{"customData": [{"className": "Card", "fields": {"place": [0]}}]}`, "customData", "half a place"},
		{`{"customData": [{"className": "Card", "fields": {"tags": "a"}}]}`, "customData", "a string is not a list"},
		{`{"customData": [{"className": "Card", "fields": {"tags": ["a", null]}}]}`, "customData", "null in a list"},
		{`{"customData": [{"className": "Card", "fields": []}]}`, "customData", "a list is not an object"},
		{`{"customData": [{"className": "Card", "fields": "x"}]}`, "customData", "a string is not an object"},
		{`{"customData": [{"className": "Card", "fields": {"level": 1}}, {"className": "Card", "fields": {"level": 2}}]}`, "customData", "one class twice"},
		{`{"customData": [{"className": "Card", "fields": {"note": "` + strings.Repeat("x", 32<<10) + `"}}]}`, "customData", "more than 32 KiB"},
		{`{"name": "half applied?", "customData": [{"className": "Card", "fields": {"level": "x"}}]}`, "customData", "one wrong thing spoils all"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			d := open(t, nil)
			id := d.group("alice", "bob")
			a := d.post(user("alice"), fmt.Sprintf(`{"query": %q, "variables": {"id": %q, "input": %s}}`, update, id, test.input))
			d.wantBadInput(a, test.field)
			after, err := d.service.Dialog(t.Context(), user("alice"), id, true)
			if err != nil {
				t.Fatal(err)
			}
			if after.Version != 1 || after.Name != "Lunch" || len(after.Custom) > 0 || len(after.History) != 1 {
				t.Errorf("the dialog changed: %+v", after)
			}
		})
	}
}

func (d *fixture) wantBadInput(a answer, field string) {
	d.Helper()
	code, got := a.code(d)
	if code != "BAD_USER_INPUT" || got != field {
		d.Errorf("got code %q and field %q, want BAD_USER_INPUT and %q: %s", code, got, field, a.Body)
	}
	if len(a.Errors) == 1 && a.Errors[0].Extensions["status"] != 400.0 {
		d.Errorf("got status %v, want 400", a.Errors[0].Extensions["status"])
	}
}

func TestBadDialogID(t *testing.T) {
	d := open(t, nil)
	for _, test := range []struct{ id, code, reason string }{
		{`"x"`, "BAD_USER_INPUT", "too short"},
		{`"65BA1B4A0000000000000001"`, "BAD_USER_INPUT", "upper case is another text"},
		{`"65ba1b4a000000000000000g"`, "BAD_USER_INPUT", "no hexadecimal digit"},
		{`"65ba1b4a00000000000000012"`, "BAD_USER_INPUT", "25 digits"},
		{`""`, "BAD_USER_INPUT", "empty"},
		{`1.5`, "BAD_USER_INPUT", "a float"},
		{`true`, "BAD_USER_INPUT", "a boolean"},
		{`null`, "BAD_USER_INPUT", "null"},
		{`"65ba1b4a0000000000000fff"`, "NOT_FOUND", "well-formed, of nothing"},
	} {
		a := d.post(user("alice"), fmt.Sprintf(`{"query": "query($id: ID!) { dialog(id: $id) { id } }", "variables": {"id": %s}}`, test.id))
		code, field := a.code(t)
		if code != test.code || code == "BAD_USER_INPUT" && field != "id" {
			t.Errorf("%s: got %s of %q, want %s of id: %s", test.reason, code, field, test.code, a.Body)
		}
	}
}

func TestBadCreation(t *testing.T) {
	for _, test := range []struct {
		caller               dialog.Caller
		input, field, reason string
	}{
		{user("alice"), `{"type": "GROUP"}`, "name", "a group has a name"},
		{user("alice"), `{"type": "PUBLIC_GROUP", "name": ""}`, "name", "a name has characters"},
		{user("alice"), `{"type": "group", "name": "x"}`, "type", "enums are exact"},
		{user("alice"), `{"type": 2, "name": "x"}`, "type", "a number is not an enum value"},
		{user("alice"), `{"name": "x"}`, "type", "a dialog has a type"},
		{user("alice"), `{"type": "PUBLIC_GROUP", "name": "x", "occupantIds": ["bob"]}`, "occupantIds", "a public group has no occupants"},
		{user("alice"), `{"type": "PRIVATE", "occupantIds": ["bob"], "name": "x"}`, "name", "a private dialog has no name"},
		{user("alice"), `{"type": "PRIVATE", "occupantIds": ["bob"], "photo": "x"}`, "photo", "a private dialog has no photo"},
		{user("alice"), `{"type": "PRIVATE", "occupantIds": ["bob"], "adminIds": ["bob"]}`, "adminIds", "a private dialog has no admins"},
		{user("alice"), `{"type": "PRIVATE"}`, "occupantIds", "a private dialog has another occupant"},
		{user("alice"), `{"type": "PRIVATE", "occupantIds": ["alice"]}`, "occupantIds", "one's own id is ignored"},
		{user("alice"), `{"type": "PRIVATE", "occupantIds": ["bob", "carol"]}`, "occupantIds", "one other only"},
		{user("alice"), `{"type": "GROUP", "name": "x", "adminIds": ["bob"]}`, "adminIds", "an admin is an occupant"},
		{user("alice"), `{"type": "GROUP", "name": "x", "occupantIds": ` + ids(1000) + `}`, "occupantIds", "1,001 with the owner"},
		{user("alice"), `{"type": "GROUP", "name": "x", "adminIds": ` + ids(101) + `}`, "adminIds", "101 admins"},
		{user("alice"), `{"type": "GROUP", "name": "x", "ownerId": "bob"}`, "ownerId", "only a server names an owner"},
		{user("alice"), `{"type": "GROUP", "name": "x", "id": "65ba1b4a0000000000000fff"}`, "id", "only a server chooses an id"},
		{server(), `{"type": "GROUP", "name": "x"}`, "ownerId", "a server must name an owner"},
		{server(), `{"type": "GROUP", "name": "x", "ownerId": "bob", "id": "65BA1B4A0000000000000FFF"}`, "id", "in lower case"},
		{user("alice"), `{"type": "GROUP", "name": "x", "idempotencyKey": ""}`, "idempotencyKey", "a key has characters"},
		{user("alice"), `{"type": "GROUP", "name": "x", "customData": [{"className": "Card", "fields": {"level": "x"}}]}`, "customData", "a wrong value"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			d.wantBadInput(d.post(test.caller, fmt.Sprintf(`{"query": %q, "variables": {"input": %s}}`, create, test.input)), test.field)
			page, err := d.service.List(t.Context(), server(), dialog.ListRequest{Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByName}})
			if err != nil || len(page.Dialogs) > 0 {
				t.Errorf("got %d dialogs and error %v, want none", len(page.Dialogs), err)
			}
		})
	}
}

func TestBadList(t *testing.T) {
	d := open(t, nil)
	for _, test := range []struct{ variables, field, reason string }{
		{`{"first": 0}`, "first", "a page has dialogs"},
		{`{"first": 101}`, "first", "at most 100"},
		{`{"first": -1}`, "first", "no negative page"},
		{`{"last": 0}`, "last", "a page has dialogs"},
		{`{"last": 101}`, "last", "at most 100"},
		{`{"first": 1, "last": 1}`, "last", "one end only"},
		{`{"first": "5"}`, "first", "text is not a number"},
		{`{"first": 1.5}`, "first", "no fraction"},
		{`{"after": "nonsense"}`, "after", "no cursor"},
		{`{"before": "e30"}`, "before", "no cursor either"},
		{`{"after": 5}`, "after", "a number is not a string"},
		{`{"scope": "mine"}`, "scope", "enums are exact"},
		{`{"orderBy": {"field": "name", "direction": "ASC"}}`, "orderBy.field", "enums are exact"},
		{`{"orderBy": {"field": "NAME", "direction": "up"}}`, "orderBy.direction", "no such value"},
		{`{"filter": {"ids": ["x"]}}`, "filter.ids", "no dialog's id"},
		{`{"filter": {"types": ["private"]}}`, "filter.types", "enums are exact"},
		{`{"filter": {"ownerId": ""}}`, "filter.ownerId", "no user's id"},
		{`{"filter": {"occupantIds": ` + ids(101) + `}}`, "filter.occupantIds", "101 ids"},
		{`{"filter": {"nameContains": "a\u0000"}}`, "filter.nameContains", "NUL"},
		{`{"filter": {"updatedAfter": "yesterday"}}`, "filter.updatedAfter", "no instant"},
		{`{"filter": {"createdBefore": 5}}`, "filter.createdBefore", "a number is not an instant"},
		{`{"filter": {"customData": [{"className": "Card", "fields": {"level": "x"}}]}}`, "filter.customData", "another type"},
		{`{"filter": {"customData": [{"className": "Nope", "fields": {"level": 1}}]}}`, "filter.customData", "no class"},
	} {
		a := d.post(user("alice"), fmt.Sprintf(`{"query": %q, "variables": %s}`, list, test.variables))
		code, field := a.code(t)
		if code != "BAD_USER_INPUT" || field != test.field {
			t.Errorf("%s: got %s of %q, want BAD_USER_INPUT of %q: %s", test.reason, code, field, test.field, a.Body)
		}
	}
}

func TestCursorOfAnotherList(t *testing.T) {
	d := open(t, nil)
	d.group("alice", "bob")
	d.group("alice", "bob")
	get := func(args string) answer {
		return d.do(user("alice"), `{ dialogs(`+args+`) { nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }`)
	}
	first := get(`first: 1`)
	var page struct {
		Data struct {
			Dialogs struct{ PageInfo struct{ EndCursor string } }
		}
	}
	if err := json.Unmarshal([]byte(first.Body), &page); err != nil {
		t.Fatal(err)
	}
	cursor := page.Data.Dialogs.PageInfo.EndCursor
	if second := get(fmt.Sprintf(`first: 1, after: %q`, cursor)); len(second.Errors) > 0 {
		t.Fatalf("the list does not take its own cursor: %s", second.Body)
	}
	for _, args := range []string{
		`scope: VISIBLE`, `filter: {nameContains: "x"}`, `orderBy: {field: NAME, direction: ASC}`, `orderBy: {field: UPDATED_AT, direction: ASC}`,
	} {
		d.wantBadInput(get(fmt.Sprintf(`after: %q, %s`, cursor, args)), "after")
	}
}

// TestLiterals sends invalid and unusual literals inside documents.
func TestLiterals(t *testing.T) {
	for _, test := range []struct{ input, code, field, reason string }{
		{`{name: 5}`, "GRAPHQL_VALIDATION_FAILED", "", "a number is not a string"},
		{`{addOccupants: [true]}`, "GRAPHQL_VALIDATION_FAILED", "", "a boolean is not an id"},
		{`{addOccupants: [1.5]}`, "GRAPHQL_VALIDATION_FAILED", "", "a float is not an id"},
		{`{name: "x", ifVersion: "5"}`, "GRAPHQL_VALIDATION_FAILED", "", "text is not a number"},
		{`{name: "x", ifVersion: 12345678901234567890}`, "GRAPHQL_VALIDATION_FAILED", "", "20 digits are too many for Int"},
		{`{name: "x", ifVersion: 99999999999}`, "GRAPHQL_VALIDATION_FAILED", "", "more than 32 bits"},
		{`{customData: [{className: "Card", fields: 5}]}`, "GRAPHQL_VALIDATION_FAILED", "", "a number is not an object"},
		{`{customData: [{className: "Card", fields: {note: FOO}}]}`, "GRAPHQL_VALIDATION_FAILED", "", "an enum value is not a string"},
		{`{customData: [{className: "Card", fields: {level: 12345678901234567890}}]}`, "BAD_USER_INPUT", "customData", "20 digits are too many for INTEGER"},
		{`{customData: [{className: "Card", fields: {weight: 1e999}}]}`, "GRAPHQL_VALIDATION_FAILED", "", "no double"},
		{`{customData: [{className: "Card", fields: {weight: 12345678901234567890}}]}`, "", "", "20 digits are a double"},
		{`{customData: [{className: "Card", fields: {level: 9007199254740991}}]}`, "", "", "the largest INTEGER"},
		{`{addOccupants: [12345678901234567890]}`, "", "", "20 digits are a user's id"},
		{`{addOccupants: [7, "007"]}`, "", "", "a number is its decimal text"},
		{`{name: "\uD83D\uDE00"}`, "", "", "a pair of surrogates is one character"},
		{`{name: "\\uD83D"}`, "", "", "an escaped backslash escapes nothing"},
		{`{name: "\uD83D"}`, "GRAPHQL_PARSE_FAILED", "", "half a pair"},
		{`{name: "\uDE00\uD83D"}`, "GRAPHQL_PARSE_FAILED", "", "a pair the wrong way round"},
		{`{name: "a\u0000b"}`, "BAD_USER_INPUT", "name", "NUL"},
		{`{name: """a block"""}`, "", "", "a block string"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			id := d.group("alice", "bob")
			a := d.do(user("alice"), fmt.Sprintf(`mutation { updateDialog(id: %q, input: %s) { dialog { name occupantIds } } }`, id, test.input))
			code, field := a.code(t)
			if code != test.code || field != test.field || len(a.Errors) > 1 {
				t.Errorf("got %q of %q, want %q of %q once: %s", code, field, test.code, test.field, a.Body)
			}
		})
	}
}

// TestNothingHalfApplied sends an operation with two changes, one of which has an invalid
// variable: neither change is made.
func TestNothingHalfApplied(t *testing.T) {
	for _, test := range []struct{ kind, value, input string }{
		{"Int", `"5"`, `{name: "x", ifVersion: $v}`},
		{"Int", `5.5`, `{name: "x", ifVersion: $v}`},
		{"ID", `1.5`, `{newOwnerId: $v}`},
		{"String", `5`, `{name: $v}`},
		{"[CustomDataInput!]", `[{"className": "Card", "fields": []}]`, `{customData: $v}`},
	} {
		d := open(t, nil)
		id := d.group("alice", "bob")
		query := fmt.Sprintf(`mutation($v: %s) { a: updateDialog(id: %q, input: {name: "A"}) { replayed } b: updateDialog(id: %q, input: %s) { replayed } }`,
			test.kind, id, id, test.input)
		a := d.post(user("alice"), fmt.Sprintf(`{"query": %q, "variables": {"v": %s}}`, query, test.value))
		if code, field := a.code(t); code != "BAD_USER_INPUT" || a.HasData || field != "v" && field != "v.customData" && field != "v.fields" {
			t.Errorf("%s %s: got %s", test.kind, test.value, a.Body)
		}
		if after, err := d.service.Dialog(t.Context(), user("alice"), id, false); err != nil || after.Version != 1 {
			t.Errorf("%s %s: version %d and error %v, want the dialog as it was", test.kind, test.value, after.Version, err)
		}
	}
}

// TestEncoding sends bodies that are not well-formed text.
func TestEncoding(t *testing.T) {
	d := open(t, nil)
	id := d.group("alice", "bob")
	body := func(name string) string {
		return fmt.Sprintf(`{"query": %q, "variables": {"id": %q, "input": {"name": "%s"}}}`, update, id, name)
	}
	for _, test := range []struct{ body, reason string }{
		{body("a\xffb"), "invalid UTF-8"},
		{body("a\xed\xa0\x80b"), "a surrogate in UTF-8"},
		{body(`\ud800`), "half a pair of surrogates"},
		{body("x") + "x", "trailing garbage"},
		{body("x") + body("x"), "two values"},
		{strings.Replace(body("x"), `"variables"`, `"query": "{viewer{kind}}", "variables"`, 1), "a name given twice"},
		{`[` + body("x") + `]`, "a batch"},
		{`{"query": 5}`, "query is not a string"},
		{`{"variables": {}}`, "no query"},
		{`{"query": "{viewer{kind}}", "variables": []}`, "variables are not an object"},
		{`{"query": "{viewer{kind}}", "operationName": 5}`, "operationName is not a string"},
		{``, "nothing"},
		{`null`, "null"},
	} {
		a := d.post(user("alice"), test.body)
		if code, _ := a.code(t); a.Status != 400 || code != "BAD_USER_INPUT" || a.HasData {
			t.Errorf("%s: got status %d: %s", test.reason, a.Status, a.Body)
		}
		if strings.Contains(a.Body, "updateDialog") {
			t.Errorf("%s: the answer quotes the body: %s", test.reason, a.Body)
		}
	}
}
