package dialog

import (
	"fmt"
	"testing"
	"time"
)

// TestMeterIsBounded has more users than are counted: those who have done the least are
// forgotten, not the one who has done the most.
func TestMeterIsBounded(t *testing.T) {
	var m meter
	r := rate{most: 10, period: time.Hour, setting: "--quota-test", what: "things", phrase: "done too many things"}
	now := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	if err := m.take("busy", 10, r, now); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * meterUsers {
		if err := m.take(UserID(fmt.Sprint("user ", i)), 1, r, now); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.used) > meterUsers {
		t.Errorf("%d users are counted, want at most %d", len(m.used), meterUsers)
	}
	if err := m.take("busy", 1, r, now); err == nil {
		t.Error("the user who has done the most was forgotten")
	}
}
