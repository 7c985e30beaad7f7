package quickblox

import (
	"math/big"
	"regexp"
	"strings"
	"time"

	"dialogs/dialog"
)

// decimal is a number as clients write one: 1448461234, 1448461234.567, or with
// the decimal comma of a phone's language.
var decimal = regexp.MustCompile(`^[+-]?(\d{1,20}([.,]\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?$`)

// earliestInMillis is the first number that counts as milliseconds since 1970:
// as seconds, it would be in the year 5138.
const earliestInMillis = 100_000_000_000

// The times that a list can be filtered by, in milliseconds. Libraries send
// times far outside of them for the distant past and future.
var (
	earliest = big.NewInt(0)
	latest   = big.NewInt(253402300798999) // the year 9999 but for its last second
)

// dates are other ways to write a time that parsers of dates accept.
var dates = []string{"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", time.DateOnly}

// bound reads a time that a list is filtered by. One before 1970 is 1970, and
// one after the year 9999 is its end: neither of them bounds a list.
func bound(value any, label string) (time.Time, error) {
	content, _ := text(value)
	content = strings.TrimSpace(content)
	if millis := millisOf(content); millis != nil {
		if millis.Cmp(earliest) < 0 {
			millis = earliest
		} else if millis.Cmp(latest) > 0 {
			millis = latest
		}
		return time.UnixMilli(millis.Int64()).UTC(), nil
	}
	for _, layout := range dates {
		if at, err := time.Parse(layout, content); err == nil {
			content = at.UTC().Format(time.RFC3339Nano)
			break
		}
	}
	return instant(content, label)
}

// instant reads a time as clients compute it: seconds or milliseconds since
// 1970, with or without a fraction, or RFC 3339. It is kept to the millisecond.
func instant(value any, label string) (time.Time, error) {
	wrong := invalid(label, "must be seconds since 1970, or a time in RFC 3339 format such as 2026-01-31T09:30:00Z")
	content, ok := text(value)
	if !ok {
		return time.Time{}, wrong
	}
	if millis := millisOf(content); millis != nil {
		if millis.Cmp(earliest) < 0 || millis.Cmp(latest) > 0 {
			return time.Time{}, wrong
		}
		return time.UnixMilli(millis.Int64()).UTC(), nil
	}
	at, err := dialog.ParseTime(content)
	if err != nil {
		return time.Time{}, wrong
	}
	return at, nil
}

// millisOf is how many milliseconds after 1970 a number stands for; nil for a
// text that is not a number.
func millisOf(content string) *big.Int {
	if !decimal.MatchString(content) {
		return nil
	}
	number, ok := new(big.Rat).SetString(strings.Replace(content, ",", ".", 1))
	if !ok {
		return nil
	}
	if number.Cmp(big.NewRat(earliestInMillis, 1)) < 0 {
		number.Mul(number, big.NewRat(1000, 1))
	}
	return new(big.Int).Quo(number.Num(), number.Denom()) // cut, as shown times are
}
