package quickblox

import (
	"math"
	"math/big"
	"regexp"
	"time"

	"dialogs/dialog"
)

// decimal is a number as clients write one: 1448461234, or 1448461234.567.
var decimal = regexp.MustCompile(`^\d{1,20}(\.\d{0,20})?([eE]\+?\d{1,2})?$`)

// earliestInMillis is from where on a number counts milliseconds since 1970:
// as seconds it would be in the year 5138.
const earliestInMillis = 100_000_000_000

// instant reads a time as clients compute it: seconds or milliseconds since
// 1970, with or without a fraction, or RFC 3339. It is kept to the millisecond.
func instant(value any, label string) (time.Time, error) {
	wrong := invalid(label, "must be seconds since 1970, or a time in RFC 3339 format such as 2026-01-31T09:30:00Z")
	text, ok := text(value)
	if !ok {
		return time.Time{}, wrong
	}
	if !decimal.MatchString(text) {
		at, err := dialog.ParseTime(text)
		if err != nil {
			return time.Time{}, wrong
		}
		return at, nil
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return time.Time{}, wrong
	}
	if number.Cmp(big.NewRat(earliestInMillis, 1)) < 0 {
		number.Mul(number, big.NewRat(1000, 1))
	}
	millis := new(big.Int).Quo(number.Num(), number.Denom()) // cut, as shown times are
	if !millis.IsInt64() || millis.Int64() > math.MaxUint32*1000 {
		return time.Time{}, wrong
	}
	return time.UnixMilli(millis.Int64()).UTC(), nil
}
