package sqlite_test

import (
	"strings"
	"testing"

	"dialogs/dialog"
)

// TestPlans sees that each page is read through an index that is in order, or
// through the dialogs of one user: nothing is sorted but those, and the one
// page of each stream that is merged.
func TestPlans(t *testing.T) {
	s := opened(t)
	at := &dialog.Position{ID: "000000000000000000000000"}
	orders := map[dialog.OrderField]string{
		dialog.ByUpdatedAt: "dialog_updated (type=? AND (updated_at,id)",
		dialog.ByCreatedAt: "dialog_created (type=? AND (created_at,id)",
		dialog.ByName:      "dialog_folded (type=? AND (folded,id)",
	}
	const member, byID = "SEARCH m USING PRIMARY KEY (user=?)", "dialog_id (id=?)"
	for _, test := range []struct {
		reason string
		query  dialog.Query
		reads  map[string]int // how often a step names this
	}{
		{"public groups", dialog.Query{Scope: dialog.Public, User: "u"}, map[string]int{"": 1}},
		{"all of a server", dialog.Query{Scope: dialog.Mine}, map[string]int{"": 3}},
		{"one type of a server", dialog.Query{Scope: dialog.Visible, Filter: dialog.Filter{Types: []dialog.Type{dialog.Group}}}, map[string]int{"": 1}},
		{"a user's own", dialog.Query{Scope: dialog.Mine, User: "u"}, map[string]int{member: 1}},
		{"what a user sees", dialog.Query{Scope: dialog.Visible, User: "u"}, map[string]int{member: 1, "": 1}},
		{"an occupant's, for a server", dialog.Query{Scope: dialog.Visible, Filter: dialog.Filter{Occupants: []dialog.UserID{"u", "v"}}}, map[string]int{member: 1}},
		{"an owner's public groups", dialog.Query{Scope: dialog.Public, User: "u", Filter: dialog.Filter{Owner: "v"}}, map[string]int{member: 1}},
		{"some ids", dialog.Query{Scope: dialog.Visible, User: "u", Filter: dialog.Filter{IDs: []dialog.ID{at.ID}}}, map[string]int{byID: 1}},
	} {
		for field, index := range orders {
			for _, before := range []bool{false, true} {
				q := test.query
				q.Order, q.Limit = dialog.Order{Field: field, Descending: before}, 20
				if before {
					q.Before, q.FromEnd = at, true
				} else {
					q.After = at
				}
				steps, err := s.Plan(t.Context(), q)
				if err != nil {
					t.Fatalf("%s: %v", test.reason, err)
				}
				text := strings.Join(steps, "\n")
				for part, want := range test.reads {
					if part == "" {
						part = "USING COVERING INDEX " + index
					}
					if got := strings.Count(text, part); got != want {
						t.Errorf("%s: %d steps with %q, want %d, in\n%s", test.reason, got, part, want, text)
					}
				}
				for _, step := range steps {
					if strings.HasPrefix(step, "SCAN") && step != "SCAN p" && !strings.HasPrefix(step, "SCAN (subquery") {
						t.Errorf("%s: the step %q, in\n%s", test.reason, step, text)
					}
				}
				// By name, keys of other versions are sorted, of which there are usually none.
				if field != dialog.ByName && len(test.reads) == 1 && test.reads[""] == 1 && strings.Contains(text, "TEMP B-TREE") {
					t.Errorf("%s: sorts\n%s", test.reason, text)
				}
			}
		}
	}
}
