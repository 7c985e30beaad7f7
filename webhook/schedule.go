package webhook

import (
	"math/rand/v2"
	"time"
)

// schedule is how long to wait before each attempt, as recommended by Standard Webhooks:
// 10 attempts within about 3 days. After the last attempt, the change is dropped.
var schedule = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// disableAfter is how long a receiver may fail before its webhook is disabled.
const disableAfter = 5 * 24 * time.Hour

// wait returns how long to wait after this number of failed attempts: the time in the
// schedule, and up to 10 % more, so that not everything is tried again at the same time.
func wait(attempts int) time.Duration {
	d := schedule[min(attempts, len(schedule)-1)]
	return d + time.Duration(rand.Int64N(int64(longest(attempts)-d)+1)) //nolint:gosec // spreads load, and guards nothing
}

// longest is the longest time that wait can return.
func longest(attempts int) time.Duration {
	d := schedule[min(attempts, len(schedule)-1)]
	return d + d/10
}
