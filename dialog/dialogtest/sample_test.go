package dialogtest_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestSampleHasTheBorders looks in the sample for the callers who would notice
// first that a rule became looser or stricter.
func TestSampleHasTheBorders(t *testing.T) {
	all := dialogtest.Table(t)
	sample := dialogtest.Sample(all)
	type border struct {
		dialogType dialog.Type
		act        string
		standing   dialog.Standing
		code       dialog.Code
	}
	has := map[border]bool{}
	credentials := map[dialogtest.Credential]int{}
	for _, cell := range sample {
		has[border{cell.Type, cell.Act, cell.Standing, cell.Want.Code}] = true
		credentials[cell.Credential]++
	}
	for reason, want := range map[string]border{
		"only managers could leave":           {dialog.Group, "leave", dialog.StandingOccupant, 0},
		"occupants could remove others":       {dialog.Group, "remove another occupant", dialog.StandingOccupant, dialog.Forbidden},
		"admins could not remove others":      {dialog.Group, "remove another occupant", dialog.StandingAdmin, 0},
		"admins could remove admins":          {dialog.Group, "remove another admin", dialog.StandingAdmin, dialog.Forbidden},
		"only managers could rename":          {dialog.Group, "rename", dialog.StandingOccupant, 0},
		"outsiders could see":                 {dialog.Private, "see", dialog.StandingOutsider, dialog.Forbidden},
		"outsiders could rename":              {dialog.PublicGroup, "rename", dialog.StandingOutsider, dialog.Forbidden},
		"only members could see public ones":  {dialog.PublicGroup, "see", dialog.StandingOutsider, 0},
		"admins could transfer the ownership": {dialog.Group, "transfer to another", dialog.StandingAdmin, dialog.Forbidden},
		"servers could not delete":            {dialog.Group, "delete", dialog.StandingServer, 0},
	} {
		if !has[want] {
			t.Errorf("nothing in the sample would notice that %s", reason)
		}
	}
	if len(sample) > len(all)/2 {
		t.Errorf("the sample has %d of %d cells", len(sample), len(all))
	}
	if session, onBehalf := credentials[dialogtest.Session], credentials[dialogtest.OnBehalf]; session < len(sample)/4 || onBehalf < len(sample)/4 {
		t.Errorf("the sample has %d session tokens and %d keys on behalf of users, of %d cells", session, onBehalf, len(sample))
	}
}
