package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestEchoesAreShort sends long texts wherever a request has one. Whatever is
// refused is answered in at most 16 KiB, and no log line is long.
func TestEchoesAreShort(t *testing.T) {
	s := servertest.Start(t, "--rate-limit", "0", "--log-level", "debug", "--introspection")
	h := append(servertest.WithToken(s.Token("alice")), "Content-Type", "application/json")
	group := s.Must(h, `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
	var created struct{ Dialog struct{ ID string } }
	servertest.Decode(t, group.Data["createDialog"], &created)
	long := strings.Repeat("x", 500_000)
	unused := func(name string) string {
		var declared strings.Builder
		for i := range 400 {
			fmt.Fprintf(&declared, "$v%d: Int ", i)
		}
		return "query " + name + "(" + declared.String() + ") { viewer { kind } }"
	}
	for reason, query := range map[string]string{
		"a long name of an operation":          "query " + long + " { viewer { kind } }",
		"a long name and many mistakes":        unused(long),
		"an allowed name and many mistakes":    unused(strings.Repeat("x", 250)),
		"a long field":                         "{ " + long + " }",
		"a long alias":                         "{ " + long + ": dialog(id: 1) { id } }",
		"a long argument":                      "{ dialog(" + long + ": 1) { id } }",
		"a long variable":                      "query($" + long + ": Int) { viewer { kind } }",
		"a long type":                          "query($v: " + long + ") { viewer { kind } }",
		"a long directive":                     "{ viewer @" + long + " { kind } }",
		"a long fragment":                      "{ ..." + long + " }",
		"a long enum":                          "{ dialogs(scope: " + long + ") { totalCount } }",
		"a long string":                        `{ dialog(id: "` + long + `") { id } }`,
		"a long block string":                  `{ dialog(id: """` + long + `""") { id } }`,
		"a long number":                        "{ dialog(id: " + strings.Repeat("1", 500_000) + ") { id } }",
		"a long number where a short one goes": "{ dialogs(first: " + strings.Repeat("1", 500_000) + ") { totalCount } }",
		"a long string where a number goes":    `{ dialogs(first: "` + long + `") { totalCount } }`,
		"a long cursor":                        `{ dialogs(after: "` + long + `") { totalCount } }`,
		"a long class":                         `{ dialogs(filter: {customData: [{className: "` + long + `", fields: {a: 1}}]}) { totalCount } }`,
		"a long custom field":                  `{ dialogs(filter: {customData: [{className: "A", fields: {` + strings.Repeat("x", 250) + `: 1}}]}) { totalCount } }`,
		"a long comment and garbage":           "# " + long + "\n }",
		"a long name to set":                   `mutation { updateDialog(id: "` + created.Dialog.ID + `", input: {name: "` + long + `"}) { replayed } }`,
		"a long key":                           `mutation { createDialog(input: {type: GROUP, name: "x", idempotencyKey: "` + long + `"}) { created } }`,
		"many fields that do not exist":        "{ viewer { " + strings.Repeat(strings.Repeat("x", 200)+" ", 400) + " } }",
		"many conflicting fields":              "{ viewer { " + strings.Repeat("a: kind a: userId ", 24) + " } }",
	} {
		body, err := json.Marshal(map[string]any{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		isShort(t, reason, s.Do(http.MethodPost, "/graphql", h, body))
	}
	const one = `query($id: ID!, $f: DialogFilter) { dialog(id: $id) { id } dialogs(filter: $f) { totalCount } }`
	for reason, variables := range map[string]any{
		"a long variable":               map[string]any{"id": long},
		"a long value of another kind":  map[string]any{"id": map[string]any{long: long}},
		"a long unknown input field":    map[string]any{"id": "1", "f": map[string]any{long: 1}},
		"many long unknown fields":      map[string]any{"id": "1", "f": manyFields(400, 1000)},
		"a long value deep in a filter": map[string]any{"id": "1", "f": map[string]any{"ids": []string{long}}},
		"many wrong values":             map[string]any{"id": "1", "f": map[string]any{"types": strings.Split(strings.Repeat("x,", 1500), ",")}},
	} {
		body, err := json.Marshal(map[string]any{"query": one, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		isShort(t, reason, s.Do(http.MethodPost, "/graphql", h, body))
	}
	for reason, r := range map[string]struct {
		method, path string
		body         any
	}{
		"a long parameter":        {http.MethodPost, "/chat/Dialog.json", map[string]any{long: 1}},
		"a long type":             {http.MethodPost, "/chat/Dialog.json", map[string]any{"type": long}},
		"a long id":               {http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": []string{long}}},
		"a long list of ids":      {http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": strings.Repeat("1,", 400_000)}},
		"a long class":            {http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "data": map[string]any{"class_name": long}}},
		"a long field of a class": {http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "data": map[string]any{"class_name": "A", long: 1}}},
		"a long nested parameter": {http.MethodPut, "/chat/Dialog/" + created.Dialog.ID + ".json", map[string]any{"push_all": map[string]any{long: map[string]any{long: 1}}}},
		"a long path":             {http.MethodGet, "/chat/Dialog/" + strings.Repeat("x", 10_000), nil},
		"a long filter":           {http.MethodGet, "/chat/Dialog.json?" + url.QueryEscape(strings.Repeat("x", 10_000)) + "[in]=1", nil},
	} {
		content, err := json.Marshal(r.body)
		if err != nil {
			t.Fatal(err)
		}
		isShort(t, reason, s.Do(r.method, r.path, h, content))
	}
	s.Stop() // what it has logged is written then
	for line := range strings.SplitSeq(s.Stderr.String(), "\n") {
		if len(line) > 4<<10 {
			t.Errorf("a log line of %d bytes: %.300s…", len(line), line)
		}
	}
}

func manyFields(n, length int) map[string]int {
	fields := map[string]int{}
	for i := range n {
		fields[fmt.Sprint(i, strings.Repeat("x", length))] = i
	}
	return fields
}

// isShort looks at an answer, headers included.
func isShort(t *testing.T, reason string, answer servertest.Answer) {
	t.Helper()
	size := len(answer.Body)
	for name, values := range answer.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	if size > 16<<10 || answer.Status >= http.StatusInternalServerError {
		t.Errorf("%s: status %d and %d bytes: %.300s…", reason, answer.Status, size, answer.Body)
	}
}
