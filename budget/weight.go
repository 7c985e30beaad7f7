package budget

import "math"

// TextBytes returns an upper bound of the length of a text as JSON.
func TextBytes(s string) int64 {
	n := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c < ' ' || c >= 0x7f:
			n += 5
		}
	}
	return int64(min(n, math.MaxInt32))
}
