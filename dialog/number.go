package dialog

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// number is the grammar of a JSON number. strconv accepts more: 0x10, 1_000 and
// Infinity.
var number = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)

func numberText(raw any) (string, bool) {
	switch v := raw.(type) {
	case json.Number:
		return v.String(), number.MatchString(v.String())
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

func float(raw any) (float64, bool) {
	text, ok := numberText(raw)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// wholeNumber reads a JSON number with a whole value (5, 5.0 or 50e-1) exactly,
// and without the memory that 1e1000000 would need.
func wholeNumber(text string) (int64, bool) {
	mantissa, exponentText, _ := strings.Cut(strings.ToLower(text), "e")
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return 0, true // whatever the exponent
	}
	exponent := 0
	if exponentText != "" {
		var err error
		if exponent, err = strconv.Atoi(exponentText); err != nil {
			return 0, false
		}
	}
	exponent += len(digits) - len(trimmed) - len(fraction)
	switch {
	case exponent < 0 || exponent > 18 || len(trimmed)+exponent > 18:
		return 0, false
	}
	n, err := strconv.ParseInt(trimmed+strings.Repeat("0", exponent), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// formatFloat formats a double like encoding/json, and -0 as 0.
func formatFloat(v float64) Value {
	if v == 0 {
		return "0"
	}
	b, err := json.Marshal(v)
	if err != nil { // infinities and NaN, which callers have rejected
		return "null"
	}
	return Value(b)
}
