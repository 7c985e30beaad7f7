package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"dialogs/dialog"
)

// TestReadingWhileOthersChange reads a list page by page. In the meantime, a dialog
// changes that was already read, and one that was not. In ascending order, no dialog is
// missed. With the newest first, the dialog that has moved to the front is missed.
func TestReadingWhileOthersChange(t *testing.T) {
	const page = `query($after: String, $by: DialogOrder!) { dialogs(first: 2, after: $after, orderBy: $by) { nodes { id } pageInfo { hasNextPage endCursor } } }`
	for _, test := range []struct {
		field, direction string
		missed           int
		twice            int
	}{
		{"CREATED_AT", "ASC", 0, 0},
		{"CREATED_AT", "DESC", 0, 0},
		{"UPDATED_AT", "ASC", 0, 1},
		{"UPDATED_AT", "DESC", 1, 0},
	} {
		t.Run(test.field+" "+test.direction, func(t *testing.T) {
			d := open(t, nil)
			var made []string
			for range 6 {
				made = append(made, d.group("alice"))
			}
			inOrder := slices.Clone(made)
			if test.direction == "DESC" {
				slices.Reverse(inOrder)
			}
			seen := map[string]int{}
			var after any
			for n := range 10 {
				a := d.do(user("alice"), page, "after", after, "by", map[string]any{"field": test.field, "direction": test.direction})
				list, _ := a.Data["dialogs"].(map[string]any)
				nodes, _ := list["nodes"].([]any)
				info, _ := list["pageInfo"].(map[string]any)
				for _, node := range nodes {
					fields, _ := node.(map[string]any)
					seen[fmt.Sprint(fields["id"])]++
				}
				if n == 0 {
					for _, i := range []int{0, 4} {
						if _, err := d.service.Update(t.Context(), user("alice"), inOrder[i], dialog.Change{Name: dialog.Some("Dinner")}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if info["hasNextPage"] != true {
					break
				}
				after = info["endCursor"]
			}
			missed, twice := 0, 0
			for _, id := range made {
				switch seen[id] {
				case 0:
					missed++
				case 2:
					twice++
				}
			}
			if missed != test.missed || twice != test.twice {
				t.Errorf("missed %d and read %d twice, want %d and %d: %v", missed, twice, test.missed, test.twice, seen)
			}
		})
	}
}
