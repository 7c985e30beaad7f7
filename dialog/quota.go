package dialog

import (
	"fmt"
	"time"
)

// Quotas bound how much one user may create, however they signed in. They do
// not bind servers. 0 means no bound.
//
// The rates are counted in memory: each instance of the server counts for
// itself, and starts from nothing. What a user owns is counted by the store.
type Quotas struct {
	// DialogsPerDay is how many dialogs a user may create in 24 hours.
	DialogsPerDay int
	// OccupantsPerHour is how many others a user may add to dialogs in an
	// hour: as occupants, and to a PublicGroup as admins or owner.
	OccupantsPerHour int
	// PublicGroups is how many public groups a user may own when they create
	// another one. Those that they handed over to others count for a day, so that
	// nobody creates ever more of them by handing each to somebody else. A user who
	// owns half as many can't be made the owner of another one by a user: so
	// whatever others hand over, everyone can create the other half.
	PublicGroups int
}

// DefaultQuotas are the quotas of a server without other settings.
func DefaultQuotas() Quotas {
	return Quotas{DialogsPerDay: 1000, OccupantsPerHour: 10_000, PublicGroups: 100}
}

// publicGroups is the bound for what the caller does; 0 for none.
func (q *Quotas) publicGroups(c Caller) int {
	if c.Kind() == Server {
		return 0
	}
	return q.PublicGroups
}

// Receives returns the user to whom the outcome hands a PublicGroup, and how many
// public groups they may own before that; not ok when nothing bounds it. An
// engine that finds at least as many must refuse with [ErrTooManyPublicGroups].
func (p *Plan) Receives(out *Outcome) (owner UserID, most int, ok bool) {
	most = (p.Policy.Quotas.publicGroups(p.Caller) + 1) / 2
	if most == 0 || out.Change == nil || out.Replayed || out.Dialog.Type != PublicGroup || out.Change.NewOwner == "" {
		return "", 0, false
	}
	return out.Change.NewOwner, most, true
}

// Receives returns the user who will own the new PublicGroup, and how many they
// may own before that, as [Plan.Receives] does. An engine that finds at least as many
// must refuse with [CreatePlan.ErrTooManyPublicGroups].
func (p *CreatePlan) Receives() (owner UserID, most int, ok bool) {
	return p.Dialog.Owner, max(0, p.PublicGroups-p.HandedOver), p.PublicGroups > 0 && p.Dialog.Type == PublicGroup
}

// ErrTooManyPublicGroups is the error for a creation beyond what
// [CreatePlan.Receives] allows.
func (p *CreatePlan) ErrTooManyPublicGroups() error {
	if p.HandedOver > 0 {
		return invalidf("type", "you own too many public groups, or handed over too many within a day (limit %d, --quota-public-groups): delete one, or try again later", p.PublicGroups)
	}
	return invalidf("type", "you own too many public groups (limit %d, --quota-public-groups): delete one first", p.PublicGroups)
}

// ErrTooManyPublicGroups is the error for a user who would be given more public
// groups than they may own.
func ErrTooManyPublicGroups(most int) error {
	return invalidf("newOwnerId", "the new owner owns too many public groups to get another one (limit %d, half of --quota-public-groups): choose another", most)
}

// A rate is one of the quotas that are counted by the hour or day.
type rate struct {
	most         int
	period       time.Duration
	setting      string
	field        string
	what, phrase string
}

func (q *Quotas) dialogs() rate {
	return rate{q.DialogsPerDay, 24 * time.Hour, "--quota-dialogs-per-day", "", "dialogs", "created too many dialogs"}
}

// handedOver is the rate at which public groups that were handed over stop to count.
func (q *Quotas) handedOver() rate {
	return rate{most: q.PublicGroups, period: 24 * time.Hour}
}

func (q *Quotas) occupants(field string) rate {
	return rate{q.OccupantsPerHour, time.Hour, "--quota-occupants-per-hour", field, "occupants", "added too many occupants"}
}

// refusal is the error for a user who has to wait.
func (r rate) refusal(wait time.Duration) error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return &Error{
		Code: RateLimited, Field: r.field, RetryAfter: wait,
		Message: fmt.Sprintf("you have %s (limit %d, %s): try again in %d s", r.phrase, r.most, r.setting, seconds),
	}
}

// refusalForEver is the error for more than a user may ever do at once.
func (r rate) refusalForEver(n int) error {
	return invalidf(r.field, "too many %s at once: %d (limit %d, %s)", r.what, n, r.most, r.setting)
}
