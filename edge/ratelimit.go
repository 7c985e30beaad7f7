package edge

import (
	"fmt"
	"net/netip"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// A RateLimiter has a token bucket for each caller: for a user, however they have signed
// in; for an API key, for all users on whose behalf it acts; and for the network of
// callers without credentials. A network has more buckets: for its failed sign-ins, for
// those that could not be checked, and for its requests outside the APIs.
//
// There are several tables of buckets, each of limited size, so that a full table does not
// affect the callers in the others.
type RateLimiter struct {
	// perUser and perKey are in units per second; 0 means no limit.
	perUser, perKey            float64
	now                        func() time.Time
	callers, networks, failing *buckets
	outside                    *buckets
}

// NewRateLimiter makes a limiter with limits in units per second; 0 means no limit. The
// burst is twice the limit.
func NewRateLimiter(perUser, perKey float64, now func() time.Time) *RateLimiter {
	start := now()
	return &RateLimiter{
		perUser: perUser, perKey: perKey, now: now,
		callers: newBuckets(start), networks: newBuckets(start), failing: newBuckets(start), outside: newBuckets(start),
	}
}

// A party is the owner of a bucket. A user and an API key of the same name are different
// parties.
type party struct{ kind, name string }

// limits reports whether the caller has any limit.
func (l *RateLimiter) limits(c dialog.Caller) bool {
	return l.perUser > 0 || l.perKey > 0 && c.APIKey != ""
}

// Take takes units for a request or an operation from the buckets of its caller. If one of
// them does not have enough, it takes nothing and returns a refusal.
func (l *RateLimiter) Take(c dialog.Caller, address netip.Addr, units int) *api.Refusal {
	return l.takeMore(c, address, units, 0)
}

// takeMore is like Take, for an operation that has already taken some units.
func (l *RateLimiter) takeMore(c dialog.Caller, address netip.Addr, units, before int) *api.Refusal {
	if c.Kind() == dialog.Anonymous {
		return l.takeOf(l.networks, neighborhood(address), units, before, "too many requests from this address")
	}
	var from []withdrawal
	if c.User != "" && l.perUser > 0 {
		from = append(from, withdrawal{nameOf(l.callers, party{"user", string(c.User)}), l.perUser, "--rate-limit"})
	}
	if c.APIKey != "" && l.perKey > 0 {
		from = append(from, withdrawal{nameOf(l.callers, party{"key", c.APIKey}), l.perKey, "--rate-limit-key"})
	}
	wait, emptiest := l.callers.take(l.now(), units, before, from...)
	return tooMany("too many requests", emptiest.setting, units+before, wait)
}

// failed counts a failed sign-in. If there are too many from the network, it returns a
// refusal.
func (l *RateLimiter) failed(address netip.Addr) *api.Refusal {
	return l.takeOf(l.failing, neighborhood(address), 1, 0, "too many failed sign-ins from this address")
}

// An uncheckedOf names the bucket for the sign-ins of a network that could not be checked.
type uncheckedOf struct{ network netip.Prefix }

// unchecked counts a sign-in that could not be checked, and reports whether there are too many
// from the network.
func (l *RateLimiter) unchecked(address netip.Addr) bool {
	if l.perUser == 0 {
		return false
	}
	wait, _ := l.failing.take(l.now(), 1, 0, withdrawal{nameOf(l.failing, uncheckedOf{neighborhood(address)}), l.perUser, ""})
	return wait > 0
}

// takeOf takes units from the bucket of a network.
func (l *RateLimiter) takeOf(b *buckets, network netip.Prefix, units, before int, what string) *api.Refusal {
	if l.perUser == 0 {
		return nil
	}
	wait, emptiest := b.take(l.now(), units, before, withdrawal{nameOf(b, network), l.perUser, "--rate-limit"})
	return tooMany(what, emptiest.setting, units+before, wait)
}

// tooMany returns a refusal that says when to try again; nil if there is no need to wait.
func tooMany(what, setting string, units int, wait time.Duration) *api.Refusal {
	if wait <= 0 {
		return nil
	}
	if units > 1 {
		what = fmt.Sprintf("%s; this operation counts as %d", what, units)
	}
	r := &api.Refusal{Code: api.RateLimited, RetryAfter: wait}
	r.Message = fmt.Sprintf("%s: try again in %d s (limit %s)", what, r.RetrySeconds(), setting)
	return r
}
