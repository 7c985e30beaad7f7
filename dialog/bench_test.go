package dialog_test

import (
	"fmt"
	"testing"

	"dialogs/dialog"
)

// BenchmarkDecide is the whole decision, shape included, by how many occupants
// the group has; the last as large as a server with raised limits allows.
func BenchmarkDecide(b *testing.B) {
	for _, size := range []int{10, 1000, 10_000} {
		members := many(size)
		current := group(append(ids(ann), members[:size/2]...)...)
		current.Admins = members[:size/10]
		limits := dialog.DefaultLimits()
		limits.Occupants, limits.Admins, limits.IDsPerList = 2*size, 2*size, size
		for _, change := range []struct {
			name string
			dialog.Change
		}{
			{"rename", dialog.Change{Name: dialog.Some("Dinner")}},
			{"add one", dialog.Change{AddOccupants: ids(eve)}},
			{"replace half", dialog.Change{AddOccupants: members[size/2:], RemoveOccupants: members[:size/2]}},
			{"name half", dialog.Change{AddAdmins: members[:size/2]}},
		} {
			b.Run(fmt.Sprintf("occupants=%d/%s", size, change.name), func(b *testing.B) {
				for b.Loop() {
					p, err := plan(b, user(ann), change.Change, limits)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := p.Decide(current); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
