package language

import (
	"strconv"
	"strings"
)

// longestWhole is how many digits a whole number may have: all that a double
// can reach, so that 1e999999999 costs nothing.
const longestWhole = 309

// whole is the decimal text of a JSON number of whole value, however it is
// written: 10, 10.0 and 1e1 are all "10". It is false for any other number.
func whole(number string) (string, bool) {
	digits, negative := strings.CutPrefix(number, "-")
	exponent := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		exponent, err = strconv.Atoi(digits[i+1:])
		if digits = digits[:i]; err != nil {
			exponent = 2 * longestWhole // refused below, unless all digits are 0
		}
	}
	before, after, _ := strings.Cut(digits, ".")
	point := len(before) + min(max(exponent, -len(digits)), 2*longestWhole)
	digits = strings.TrimRight(before+after, "0")
	if digits == "" {
		return "0", true
	}
	if len(digits) > point || point > longestWhole+len(before) {
		return "", false
	}
	digits = strings.TrimLeft(digits+strings.Repeat("0", point-len(digits)), "0")
	if len(digits) > longestWhole {
		return "", false
	}
	if negative {
		digits = "-" + digits
	}
	return digits, true
}
