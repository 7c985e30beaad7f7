package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
)

func TestNodes(t *testing.T) {
	d := open(t, nil)
	first, second := d.group("alice", "bob"), d.group("carol")
	const missing = "65ba1b4a0000000000000fff"
	a := d.do(user("alice"), `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Dialog { name history { version } } } }`,
		"ids", []string{missing, first, second, "nonsense", first})
	dialogOf := func(id string) map[string]any {
		return map[string]any{"id": id, "name": "Lunch", "history": []any{map[string]any{"version": 1.0}}}
	}
	if diff := cmp.Diff(map[string]any{"nodes": []any{nil, dialogOf(first), nil, nil, dialogOf(first)}}, a.Data); diff != "" {
		t.Errorf("got other nodes (-want +got):\n%s", diff)
	}
	var failures []string
	for _, e := range a.Errors {
		failures = append(failures, fmt.Sprint(e.Path, e.Extensions["code"], e.Extensions["field"], e.Locations))
	}
	want := []string{
		"[nodes 0]NOT_FOUND<nil> [map[column:23 line:1]]", "[nodes 2]FORBIDDEN<nil> [map[column:23 line:1]]", "[nodes 3]BAD_USER_INPUTids[map[column:23 line:1]]",
	}
	if diff := cmp.Diff(want, failures); diff != "" {
		t.Errorf("got other errors (-want +got):\n%s", diff)
	}
}

func TestNodesRefused(t *testing.T) {
	d := open(t, nil)
	for _, test := range []struct {
		caller            dialog.Caller
		ids               []string
		code, field, data string
		reason            string
	}{
		{user("alice"), []string{}, "", "", `{"nodes":[]}`, "no ids give no nodes"},
		{user("alice"), make([]string, 101), "BAD_USER_INPUT", "ids", "null", "more than 100"},
		{dialog.Caller{}, []string{}, "UNAUTHENTICATED", "", "null", "no credentials"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			a := d.do(test.caller, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, "ids", test.ids)
			if code, field := a.code(t); code != test.code || field != test.field || !strings.Contains(a.Body, `"data":`+test.data) {
				t.Errorf("got %s", a.Body)
			}
		})
	}
}

// TestListsAreNotNull reads every list of the root from a new store: null would mean that
// the field was refused.
func TestListsAreNotNull(t *testing.T) {
	d := open(t, memory.NewStore())
	for _, f := range loadSchema(t).Query.Fields {
		if f.Type.Elem == nil || strings.HasPrefix(f.Name, "__") || len(f.Arguments) > 0 {
			continue
		}
		a := d.do(server(), "{ "+f.Name+" { __typename } }")
		if list, ok := a.Data[f.Name].([]any); !ok || len(list) > 0 || len(a.Errors) > 0 {
			t.Errorf("%s: got %s, want an empty list", f.Name, a.Body)
		}
	}
}
