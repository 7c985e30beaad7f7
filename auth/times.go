package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

const (
	// DefaultSessionMax is the default of [Config.SessionMax]: the longest
	// lifetime that a [Minter] gives.
	DefaultSessionMax = MaxTTL
	// MostSessionMax is the largest value of [Config.SessionMax]. The end of a
	// session is remembered for this long if its token could become valid again
	// after a restart with another SessionMax.
	MostSessionMax = dialog.SessionsKept
)

// lastSecond is the last second of the year 9999: stores and clients cannot
// represent later instants.
const lastSecond = 253402300799

// times are when a session token is valid. exp is required; nbf and iat are
// zero when the token does not have them.
type times struct{ exp, nbf, iat float64 }

// readTimes reads a token's times as numbers of seconds since 1970. They are
// compared as they are: an instant too large for a clock must not become an
// earlier one.
func readTimes(claims jwt.MapClaims) (t times, err error) {
	for name, to := range map[string]*float64{"exp": &t.exp, "nbf": &t.nbf, "iat": &t.iat} {
		value, given := claims[name]
		if !given {
			continue
		}
		number, ok := value.(float64)
		if !ok {
			return t, tokenRefused(unknownMessage)
		}
		*to = number
	}
	return t, nil
}

// expiry is when the token expires: at exp, and not later than most after it
// was issued. A token that is not valid now is an error.
func (t times) expiry(now time.Time, most time.Duration) (time.Time, error) {
	latest := float64(now.Add(leeway).UnixMilli()) / 1000
	switch {
	case t.exp == 0:
		return time.Time{}, tokenRefused(missingMessage)
	case t.exp < 0:
		return time.Time{}, tokenRefused(expiredMessage)
	case t.nbf > latest && t.nbf <= lastSecond, t.iat > latest && t.iat <= lastSecond:
		return time.Time{}, tokenRefused("the session token is not valid yet")
	case t.nbf < 0 || t.nbf > lastSecond:
		return time.Time{}, tokenRefused("invalid session token: its start time (nbf) must be in seconds since 1970")
	case t.iat < 0 || t.iat > lastSecond:
		return time.Time{}, tokenRefused("invalid session token: its issue time (iat) must be in seconds since 1970")
	}
	expires := seconds(min(t.exp, lastSecond))
	if t.iat == 0 {
		if expires.After(now.Add(most)) {
			return time.Time{}, tokenRefused(fmt.Sprintf("invalid session token: without an issue time (iat), it must expire within %s (--session-max)", most))
		}
	} else if last := seconds(t.iat).Add(most); expires.After(last) {
		if !now.Before(last) {
			return time.Time{}, tokenRefused(fmt.Sprintf("the session token has expired: it was issued more than %s ago (--session-max)", most))
		}
		expires = last
	}
	if !now.Before(expires) {
		return time.Time{}, tokenRefused(expiredMessage)
	}
	return expires, nil
}

// seconds is an instant in whole seconds; fractions are dropped.
func seconds(f float64) time.Time { return time.Unix(int64(f), 0).UTC() }

// timeless are claims without times, for a validator that checks the others.
type timeless struct{ jwt.MapClaims }

func (timeless) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil } //nolint:nilnil // jwt: nil is a claim that is not there
func (timeless) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil } //nolint:nilnil // as above
func (timeless) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil } //nolint:nilnil // as above
