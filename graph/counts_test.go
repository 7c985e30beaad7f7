package graph

import (
	"fmt"
	"testing"

	"dialogs/dialog"
)

// TestCounts: an API key is limited together with all users on whose behalf it acts, and each
// user with all their credentials.
func TestCounts(t *testing.T) {
	const most = 2
	var c counts
	take := func(who dialog.Actor) string {
		if err := c.take(who, most, "streams", "--max"); err != nil {
			return err.Error()
		}
		return ""
	}
	user := func(n int) dialog.UserID { return dialog.UserID(fmt.Sprint("user", n)) }
	for n := range keyFactor * most / 2 {
		for range most {
			if refused := take(dialog.Actor{User: user(n), APIKey: "key"}); refused != "" {
				t.Fatalf("user %d: %s", n, refused)
			}
		}
	}
	for _, who := range []dialog.Actor{{User: "another", APIKey: "key"}, {APIKey: "key"}} {
		if got, want := take(who), "too many streams for one API key with all users it acts for (limit 40, 20 times --max)"; got != want {
			t.Errorf("%+v: %q, want %q", who, got, want)
		}
	}
	if got, want := take(dialog.Actor{User: user(0)}), "too many streams for one caller (limit 2, --max)"; got != want {
		t.Errorf("a user with a session: %q, want %q", got, want)
	}
	for _, who := range []dialog.Actor{{User: "another", APIKey: "other"}, {User: "another"}, {APIKey: "other"}, {}} {
		if refused := take(who); refused != "" {
			t.Errorf("%+v: %s", who, refused)
		}
		c.give(who)
	}
	c.give(dialog.Actor{User: user(0), APIKey: "key"})
	if refused := take(dialog.Actor{APIKey: "key"}); refused != "" {
		t.Errorf("after one has ended: %s", refused)
	}
	c.give(dialog.Actor{APIKey: "key"})
	c.give(dialog.Actor{User: user(0), APIKey: "key"})
	for n := 1; n < keyFactor*most/2; n++ {
		for range most {
			c.give(dialog.Actor{User: user(n), APIKey: "key"})
		}
	}
	if len(c.taken)+len(c.ofKey) > 0 {
		t.Errorf("left: %v, %v", c.taken, c.ofKey)
	}
}
