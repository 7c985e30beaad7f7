package graph_test

import (
	"strings"
	"testing"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/graph"
	"dialogs/store/memory"
)

// extreme returns a server whose limits have as many digits as possible, or as few.
func extreme(t *testing.T, least bool) *fixture {
	t.Helper()
	return openWith(t, nil, func(c *graph.Config) {
		if least {
			c.Limits = graph.Limits{Tokens: 200, Fields: 1, Depth: 1, Aliases: 0, Operations: 1, Complexity: 1, List: 1}
			limits := dialog.Limits{NameLength: 1, PhotoBytes: 1, Occupants: 1, Admins: 1, IDsPerList: 1, FieldsPerClass: 1, Classes: 1, CustomBytes: 1}
			c.Service = dialog.NewService(memory.NewStore(dialogtest.Class()), dialog.DefaultPolicy(limits), dialogtest.Ticking(start), dialogtest.Counting())
			memory := budget.DefaultLimits()
			memory.Values = 20
			c.Requests = budget.NewRequests(memory)
		}
	})
}

// TestMessagesFitIntoNotices puts the longest possible values into every place of a
// message, also several names into one message. The rules for messages are checked for
// every answer of these tests.
func TestMessagesFitIntoNotices(t *testing.T) {
	const wide = "\\u0001\U0001F600\\" // these take the most room when they are escaped
	for _, d := range []*fixture{extreme(t, false), extreme(t, true)} {
		for _, n := range []int{60, 64, 128, 1000} {
			name := strings.Repeat("n", n)
			for _, document := range map[string]string{
				"a field":                `{ ` + name + ` }`,
				"a field of a type":      `{ viewer { ` + name + ` } }`,
				"an argument":            `{ dialog(` + name + `: 1) { id } }`,
				"a directive":            `{ viewer @` + name + ` { kind } }`,
				"a directive's input":    `{ viewer @include(` + name + `: true) { kind } }`,
				"a fragment":             `{ ...` + name + ` }`,
				"an unused fragment":     `{ viewer { kind } } fragment ` + name + ` on Viewer { kind }`,
				"a fragment twice":       `{ ...` + name + ` } fragment ` + name + ` on Query { viewer { kind } } fragment ` + name + ` on Query { viewer { kind } }`,
				"a circle":               `{ ...` + name + ` } fragment ` + name + ` on Query { ...` + name + `2 } fragment ` + name + `2 on Query { ...` + name + ` }`,
				"a type":                 `{ ... on ` + name + ` { id } }`,
				"a type of a variable":   `query ($v: ` + name + `) { viewer { kind } }`,
				"a variable":             `{ dialog(id: $` + name + `) { id } }`,
				"an unused variable":     `query ` + name + `($` + name + `: ID) { viewer { kind } }`,
				"a variable twice":       `query ($` + name + `: ID, $` + name + `: ID) { dialog(id: $` + name + `) { id } }`,
				"a variable misplaced":   `query ($` + name + `: [[[[Boolean!]!]!]!]!) { dialog(id: $` + name + `) { id } }`,
				"a variable's default":   `query ($` + name + `: Int = "` + name + `") { dialogs(first: $` + name + `) { totalCount } }`,
				"an alias in conflict":   `{ ` + name + `: viewer { kind } ` + name + `: dialog(id: "x") { id } }`,
				"conflicts within":       `{ ` + name + `: viewer { ` + name + `: kind } ` + name + `: viewer { ` + name + `: userId } }`,
				"an enum value":          `{ dialogs(orderBy: ` + name + `) { totalCount } }`,
				"a field of an input":    `mutation { createDialog(input: {type: GROUP, ` + name + `: 1}) { created } }`,
				"a text for a number":    `{ dialogs(first: "` + name + `") { totalCount } }`,
				"a number":               `{ dialogs(first: ` + strings.Repeat("9", n) + `) { totalCount } }`,
				"an id":                  `{ dialog(id: "` + name + `") { id } }`,
				"a node":                 `{ node(id: "` + name + `") { id } }`,
				"a cursor":               `{ dialogs(after: "` + name + `") { totalCount } }`,
				"a name":                 `mutation { createDialog(input: {type: GROUP, name: "` + strings.Repeat(name, 4) + `"}) { created } }`,
				"a photo":                `mutation { createDialog(input: {type: GROUP, name: "x", photo: "` + strings.Repeat(name, 3) + `"}) { created } }`,
				"control characters":     `mutation { createDialog(input: {type: GROUP, name: "` + strings.Repeat("\\u0001", n) + `"}) { created } }`,
				"an occupant":            `mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: ["` + name + name + `"]}) { created } }`,
				"many occupants":         `mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: ["a","b","c"]}) { created } }`,
				"a class":                `mutation { createDialog(input: {type: GROUP, name: "x", customData: [{className: "` + name + `", fields: {` + name + `: 1}}]}) { created } }`,
				"a field of a class":     `mutation { createDialog(input: {type: GROUP, name: "x", customData: [{className: "` + dialogtest.Class().Name + `", fields: {` + name + `: 1}}]}) { created } }`,
				"another operation":      `query ` + name + ` { viewer { kind } } query ` + name + ` { viewer { kind } }`,
				"a syntax error":         `{ viewer ` + strings.Repeat("?", n) + ` }`,
				"a text without end":     `{ dialog(id: "` + name,
				"an escape":              `{ dialog(id: "\` + name + `") { id } }`,
				"characters to escape":   `{ dialog(id: "` + strings.Repeat(wide, n) + `") { id } }`,
				"an admin not inside":    `mutation { createDialog(input: {type: GROUP, name: "x", adminIds: ["` + name + `"]}) { created } }`,
				"an update of both":      `mutation { updateDialog(id: "5d75393ba28f9a17e1cb0f9e", input: {addOccupants: ["` + name + `"], removeOccupants: ["` + name + `"]}) { replayed } }`,
				"a key":                  `mutation { createDialog(input: {type: GROUP, name: "x", idempotencyKey: "` + strings.Repeat(name, 5) + `"}) { created } }`,
				"a new class":            `mutation { defineCustomClass(input: {name: "` + name + `", fields: [{name: "` + name + `", type: STRING}, {name: "` + name + `", type: STRING}]}) { customClass { name } } }`,
				"a member":               `{ dialogs(filter: {occupantIds: ["` + name + name + `"]}) { totalCount } }`,
				"a session":              `mutation { createSession(input: {userId: "` + name + name + `", ttl: 0}) { token } }`,
				"a search":               `{ dialogs(filter: {nameContains: "` + strings.Repeat(name, 5) + `"}) { totalCount } }`,
				"an operation to choose": `query ` + name + `1 { viewer { kind } } query ` + name + `2 { viewer { kind } }`,
			} {
				for _, c := range []dialog.Caller{user("alice"), server(), {}} {
					d.do(c, document)
				}
			}
			for _, variables := range []string{
				`{"v": "` + name + `"}`, `{"v": {"type": "` + name + `"}}`, `{"v": {"type": "GROUP", "` + name + `": 1}}`, `{"v": [` + strings.Repeat("9", n) + `]}`,
				`{"v": {"type": "GROUP", "name": "x", "customData": [{"className": "` + name + `", "fields": {"` + name + `": "` + name + `"}}]}}`,
				`{"v": {"type": "GROUP", "name": "x", "customData": [{"className": "` + dialogtest.Class().Name + `", "fields": {"` + name + `": {"` + name + `": 1}}}]}}`,
			} {
				d.post(user("alice"), `{"query": "mutation ($v: CreateDialogInput!) { createDialog(input: $v) { created } }", "variables": `+variables+`}`)
				d.post(user("alice"), `{"query": "query ($`+name+`: CreateDialogInput!) { viewer { kind } }", "variables": {"`+name+`": `+variables+`}}`)
			}
			d.post(user("alice"), `{"query": "{ viewer { kind } }", "operationName": "`+name+`"}`)
			d.post(user("alice"), `{"documentId": "`+name+`"}`)
			d.post(user("alice"), `{"query": "{ viewer { kind } }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "`+name+`"}}}`)
		}
	}
}
