package dialog

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Value is a custom value in normal form, as compact JSON. Two values of one
// field are equal when their texts are equal.
//
// An Integer has no fraction and no exponent. A Float is the shortest text that
// reads back as the same double, and never -0. A DateTime is UTC with
// milliseconds. A Location is [longitude,latitude].
type Value string

// MaxInteger is the largest Integer, 2^53 - 1: every JSON reader keeps integers
// up to it exactly.
const MaxInteger = 1<<53 - 1

// TimeFormat is the normal form of an instant.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Normalize checks a decoded JSON value against the field and returns its normal
// form. It accepts what encoding/json and GraphQL decoders produce: bool,
// string, json.Number, int64, float64 and lists of these; and [Text]. The error
// says what the value must be, without naming the field.
func (f Field) Normalize(raw any) (Value, error) {
	if !f.List {
		return f.Type.normalize(raw)
	}
	if text, ok := raw.(Text); ok {
		raw = text.list()
	}
	list, ok := raw.([]any)
	if !ok {
		return "", errors.New("must be a list")
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, element := range list {
		v, err := f.Type.normalize(element)
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(v))
	}
	b.WriteByte(']')
	return Value(b.String()), nil
}

func (t FieldType) normalize(raw any) (Value, error) {
	if text, ok := raw.(Text); ok {
		raw = text.typed(t)
	}
	switch t {
	case Boolean:
		return normalizeBoolean(raw)
	case Integer:
		return normalizeInteger(raw)
	case Float:
		return normalizeFloat(raw)
	case String:
		return normalizeString(raw)
	case DateTime:
		return normalizeDateTime(raw)
	case Location:
		return normalizeLocation(raw)
	}
	return "", errors.New("has an unknown type")
}

func normalizeBoolean(raw any) (Value, error) {
	if v, ok := raw.(bool); ok {
		return Value(strconv.FormatBool(v)), nil
	}
	return "", errors.New("must be true or false")
}

func normalizeInteger(raw any) (Value, error) {
	text, ok := numberText(raw)
	if !ok {
		return "", errors.New("must be a whole number")
	}
	n, ok := wholeNumber(text)
	if !ok || n > MaxInteger || n < -MaxInteger {
		return "", errors.New("must be a whole number within ±(2^53 - 1)")
	}
	return Value(strconv.FormatInt(n, 10)), nil
}

func normalizeFloat(raw any) (Value, error) {
	v, ok := float(raw)
	if !ok {
		return "", errors.New("must be a finite number")
	}
	return formatFloat(v), nil
}

func normalizeString(raw any) (Value, error) {
	s, ok := raw.(string)
	if !ok {
		return "", errors.New("must be a string")
	}
	if fault := textFault(s); fault != "" {
		return "", errors.New(fault)
	}
	return quote(s), nil
}

func normalizeDateTime(raw any) (Value, error) {
	s, ok := raw.(string)
	if !ok {
		return "", errors.New("must be a string with a time in RFC 3339, for example 2026-01-31T09:30:00.000Z")
	}
	t, err := ParseTime(s)
	if err != nil {
		return "", err
	}
	return quote(t.Truncate(time.Millisecond).Format(TimeFormat)), nil
}

func normalizeLocation(raw any) (Value, error) {
	wrong := errors.New("must be [longitude, latitude] in degrees")
	pair, ok := raw.([]any)
	if !ok || len(pair) != 2 {
		return "", wrong
	}
	longitude, ok1 := float(pair[0])
	latitude, ok2 := float(pair[1])
	if !ok1 || !ok2 || math.Abs(longitude) > 180 || math.Abs(latitude) > 90 {
		return "", wrong
	}
	return "[" + formatFloat(longitude) + "," + formatFloat(latitude) + "]", nil
}

// instant is the grammar of RFC 3339. time.Parse also accepts a comma, an hour of
// one digit and an offset of 24:60.
var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseTime reads a time in RFC 3339, whose year in UTC has four digits.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !instant.MatchString(s) {
		return time.Time{}, errors.New("must be a time in RFC 3339, for example 2026-01-31T09:30:00.000Z")
	}
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}, errors.New("must be a time in the years 0000 to 9999")
	}
	return t, nil
}

// quote encodes a string in normal form.
func quote(s string) Value {
	text, err := MarshalPlain(s)
	if err != nil { // a string never fails
		panic("dialog: encoding a string: " + err.Error())
	}
	return Value(text)
}
