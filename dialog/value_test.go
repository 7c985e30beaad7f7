package dialog_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dialogs/dialog"
)

func field(t dialog.FieldType) dialog.Field { return dialog.Field{Name: "f", Type: t} }

func listOf(t dialog.FieldType) dialog.Field { return dialog.Field{Name: "f", Type: t, List: true} }

func TestNormalForms(t *testing.T) {
	for _, tt := range []struct {
		reason string
		field  dialog.Field
		raw    any
		want   dialog.Value
	}{
		{"true", field(dialog.Boolean), true, "true"},
		{"false is a value, not none", field(dialog.Boolean), false, "false"},

		{"an int, as Go's callers have it", field(dialog.Integer), 5, "5"},
		{"an int64, as GraphQL literals have it", field(dialog.Integer), int64(-5), "-5"},
		{"a float64 of whole value", field(dialog.Integer), 5.0, "5"},
		{"a decimal text of whole value", field(dialog.Integer), json.Number("5.000"), "5"},
		{"an exponent that shifts the fraction away", field(dialog.Integer), json.Number("1.25e2"), "125"},
		{"a capital E and a plus", field(dialog.Integer), json.Number("12E+1"), "120"},
		{"a negative exponent of whole value", field(dialog.Integer), json.Number("5000e-3"), "5"},
		{"minus zero", field(dialog.Integer), json.Number("-0"), "0"},
		{"minus zero as a double", field(dialog.Integer), math.Copysign(0, -1), "0"},
		{"zero with an exponent past every int", field(dialog.Integer), json.Number("0e99999999999999999999"), "0"},
		{"zero with such a fraction", field(dialog.Integer), json.Number("-0.000E-99999999999999999999"), "0"},
		{"the largest", field(dialog.Integer), json.Number("9007199254740991"), "9007199254740991"},
		{"the least", field(dialog.Integer), json.Number("-9007199254740991"), "-9007199254740991"},
		{"the largest, spelt at length", field(dialog.Integer), json.Number("9007199254740991.0e0"), "9007199254740991"},

		{"a whole FLOAT has no point", field(dialog.Float), 5.0, "5"},
		{"an int", field(dialog.Float), int64(5), "5"},
		{"the shortest text of the double", field(dialog.Float), json.Number("0.1000000000000000055511151231257827"), "0.1"},
		{"a large one", field(dialog.Float), json.Number("1e21"), "1e+21"},
		{"the largest", field(dialog.Float), math.MaxFloat64, "1.7976931348623157e+308"},
		{"the smallest", field(dialog.Float), math.SmallestNonzeroFloat64, "5e-324"},
		{"minus zero", field(dialog.Float), json.Number("-0.0"), "0"},
		{"too small for a double is zero", field(dialog.Float), json.Number("-1e-400"), "0"},

		{"no characters", field(dialog.String), "", `""`},
		{"no escapes for HTML", field(dialog.String), "<a&b>", `"<a&b>"`},
		{"a quote, a backslash, a line break", field(dialog.String), "\"\\\n", `"\"\\\n"`},
		{"line separators", field(dialog.String), "\u2028", `"\u2028"`},
		{"past the basic plane", field(dialog.String), "😀", `"😀"`},
		{"nothing is composed or decomposed", field(dialog.String), "e\u0301é", "\"e\u0301é\""},

		{"UTC", field(dialog.DateTime), "2026-01-31T09:30:00Z", `"2026-01-31T09:30:00.000Z"`},
		{"another zone", field(dialog.DateTime), "2026-01-31T00:30:00+01:00", `"2026-01-30T23:30:00.000Z"`},
		{"the farthest zone", field(dialog.DateTime), "2026-01-31T00:00:00-23:59", `"2026-01-31T23:59:00.000Z"`},
		{"an unknown zone is UTC", field(dialog.DateTime), "2026-01-31T09:30:00-00:00", `"2026-01-31T09:30:00.000Z"`},
		{"milliseconds are kept", field(dialog.DateTime), "2026-01-31T09:30:00.7Z", `"2026-01-31T09:30:00.700Z"`},
		{"what is finer is cut off, not rounded", field(dialog.DateTime), "2026-01-31T23:59:59.9999999999Z", `"2026-01-31T23:59:59.999Z"`},
		{"before 1970 too it is cut off towards the past", field(dialog.DateTime), "1969-12-31T23:59:59.9999Z", `"1969-12-31T23:59:59.999Z"`},
		{"before the year 1 too", field(dialog.DateTime), "0000-12-31T23:59:59.9999Z", `"0000-12-31T23:59:59.999Z"`},
		{"the first instant", field(dialog.DateTime), "0000-01-01T00:00:00Z", `"0000-01-01T00:00:00.000Z"`},
		{"the last instant", field(dialog.DateTime), "9999-12-31T23:59:59.999999999Z", `"9999-12-31T23:59:59.999Z"`},
		{"a leap day", field(dialog.DateTime), "2024-02-29T00:00:00Z", `"2024-02-29T00:00:00.000Z"`},

		{"a place", field(dialog.Location), []any{13.4, json.Number("52.50")}, "[13.4,52.5]"},
		{"north-east corner", field(dialog.Location), []any{180.0, 90.0}, "[180,90]"},
		{"south-west corner", field(dialog.Location), []any{int64(-180), -90}, "[-180,-90]"},
		{"minus zero", field(dialog.Location), []any{json.Number("-0"), json.Number("-0.0")}, "[0,0]"},

		{"no elements are a value", listOf(dialog.String), []any{}, "[]"},
		{"elements keep their order and repeat", listOf(dialog.Integer), []any{2.0, 1, 2}, "[2,1,2]"},
		{"places", listOf(dialog.Location), []any{[]any{1, 2}, []any{3, 4}}, "[[1,2],[3,4]]"},
		{"instants", listOf(dialog.DateTime), []any{"2026-01-31T09:30:00Z"}, `["2026-01-31T09:30:00.000Z"]`},
	} {
		got, err := tt.field.Normalize(tt.raw)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v came to %s, %v; want %s", tt.reason, tt.raw, got, err, tt.want)
		}
	}
}

func TestWrongValues(t *testing.T) {
	long := strings.Repeat("9", 1<<16)
	for _, tt := range []struct {
		reason string
		field  dialog.Field
		raw    any
	}{
		{"text", field(dialog.Boolean), "true"},
		{"a number", field(dialog.Boolean), 1},
		{"null is not a value", field(dialog.Boolean), nil},
		{"a list", field(dialog.Boolean), []any{true}},

		{"text", field(dialog.Integer), "5"},
		{"a fraction", field(dialog.Integer), json.Number("5.5")},
		{"a fraction behind an exponent", field(dialog.Integer), json.Number("5e-1")},
		{"a fraction in a double", field(dialog.Integer), 5.5},
		{"one too large", field(dialog.Integer), json.Number("9007199254740992")},
		{"one too small", field(dialog.Integer), json.Number("-9007199254740992")},
		{"a fraction that a double would lose", field(dialog.Integer), json.Number("9007199254740991.00000000000000001")},
		{"more than 64 bits", field(dialog.Integer), json.Number("12345678901234567890")},
		{"a million zeros", field(dialog.Integer), json.Number("1e1000000")},
		{"an exponent past every int", field(dialog.Integer), json.Number("1e99999999999999999999")},
		{"the largest exponent that is an int", field(dialog.Integer), json.Number("10e9223372036854775807")},
		{"the least exponent that is an int", field(dialog.Integer), json.Number("0.1e-9223372036854775808")},
		{"digits without end", field(dialog.Integer), json.Number(long)},
		{"no number", field(dialog.Integer), math.NaN()},
		{"an infinity", field(dialog.Integer), math.Inf(1)},

		{"text", field(dialog.Float), "5"},
		{"too large for a double", field(dialog.Float), json.Number("1e309")},
		{"no number", field(dialog.Float), math.NaN()},
		{"an infinity", field(dialog.Float), math.Inf(-1)},
		{"digits without end", field(dialog.Float), json.Number(long)},
		{"a truth", field(dialog.Float), true},

		{"a number", field(dialog.String), 5},
		{"NUL", field(dialog.String), "a\x00b"},
		{"broken UTF-8", field(dialog.String), "a\xffb"},
		{"an object", field(dialog.String), map[string]any{"$gt": ""}},

		{"a number", field(dialog.DateTime), 1769851800},
		{"no characters", field(dialog.DateTime), ""},
		{"no zone", field(dialog.DateTime), "2026-01-31T09:30:00"},
		{"no time", field(dialog.DateTime), "2026-01-31"},
		{"a space", field(dialog.DateTime), "2026-01-31 09:30:00Z"},
		{"an hour of one digit", field(dialog.DateTime), "2026-01-31T9:30:00Z"},
		{"a comma", field(dialog.DateTime), "2026-01-31T09:30:00,5Z"},
		{"an offset of 24 hours", field(dialog.DateTime), "2026-01-31T09:30:00+24:00"},
		{"an offset of 60 minutes", field(dialog.DateTime), "2026-01-31T09:30:00+01:60"},
		{"an offset without a colon", field(dialog.DateTime), "2026-01-31T09:30:00+0100"},
		{"no such day", field(dialog.DateTime), "2026-02-29T00:00:00Z"},
		{"hour 24", field(dialog.DateTime), "2026-01-31T24:00:00Z"},
		{"the year -1 in UTC", field(dialog.DateTime), "0000-01-01T00:00:00+00:01"},
		{"the year 10000 in UTC", field(dialog.DateTime), "9999-12-31T23:59:59-00:01"},
		{"five digits", field(dialog.DateTime), "10000-01-01T00:00:00Z"},

		{"past the antimeridian", field(dialog.Location), []any{180.0000001, 0}},
		{"past the pole", field(dialog.Location), []any{0, json.Number("-90.0000001")}},
		{"an altitude", field(dialog.Location), []any{0, 0, 0}},
		{"one coordinate", field(dialog.Location), []any{0}},
		{"text", field(dialog.Location), []any{"0", "0"}},
		{"text of both", field(dialog.Location), "0,0"},
		{"no number", field(dialog.Location), []any{math.NaN(), 0}},
		{"null", field(dialog.Location), []any{nil, nil}},

		{"one value is not a list", listOf(dialog.Integer), 5},
		{"null in a list", listOf(dialog.Integer), []any{5, nil}},
		{"a list in a list", listOf(dialog.Integer), []any{[]any{5}}},
		{"a wrong element", listOf(dialog.Integer), []any{5, "5"}},
		{"one place is not a list of places", listOf(dialog.Location), []any{1, 2}},

		{"hexadecimal", field(dialog.Float), json.Number("0x1p4")},
		{"underscores", field(dialog.Float), json.Number("1_000")},
		{"Infinity", field(dialog.Float), json.Number("Infinity")},
		{"a leading plus", field(dialog.Integer), json.Number("+5")},
		{"a leading zero", field(dialog.Integer), json.Number("05")},
		{"two signs", field(dialog.Integer), json.Number("--5")},
		{"a sign alone", field(dialog.Integer), json.Number("-")},
		{"no digits", field(dialog.Integer), json.Number("")},
		{"no mantissa", field(dialog.Integer), json.Number("e5")},
		{"an empty fraction", field(dialog.Integer), json.Number("5.")},
		{"white space", field(dialog.Integer), json.Number("0e5 ")},

		{"a field without a type", dialog.Field{Name: "f"}, true},
	} {
		if got, err := tt.field.Normalize(tt.raw); err == nil {
			t.Errorf("%s: type %d took %v for %s", tt.reason, tt.field.Type, tt.raw, got)
		}
	}
}

// TestNormalFormIsStable: what was normalized and read back by any JSON reader
// normalizes to itself.
func TestNormalFormIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := dialog.Field{Type: dialog.FieldType(rapid.IntRange(1, 6).Draw(t, "type")), List: rapid.Bool().Draw(t, "list")}
		raw := rawValue(f).Draw(t, "value")
		value, err := f.Normalize(raw)
		if err != nil {
			t.Fatalf("%v: %v", raw, err)
		}
		for _, useNumber := range []bool{true, false} {
			if again, err := f.Normalize(decode(t, string(value), useNumber)); err != nil || again != value {
				t.Fatalf("%s came back as %s, %v", value, again, err)
			}
		}
	})
}

func decode(t tester, text string, useNumber bool) any {
	d := json.NewDecoder(strings.NewReader(text))
	if useNumber {
		d.UseNumber()
	}
	var raw any
	if err := d.Decode(&raw); err != nil {
		t.Fatalf("%s is not JSON: %v", text, err)
	}
	return raw
}

// rawValue makes values that the field takes.
func rawValue(f dialog.Field) *rapid.Generator[any] {
	var one *rapid.Generator[any]
	switch f.Type {
	case dialog.Boolean:
		one = rapid.Bool().AsAny()
	case dialog.Integer:
		whole := rapid.Int64Range(-dialog.MaxInteger, dialog.MaxInteger)
		spelt := rapid.Map(whole, func(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10) + ".00E+0") })
		one = rapid.OneOf(whole.AsAny(), spelt.AsAny())
	case dialog.Float:
		one = rapid.OneOf(rapid.Float64().AsAny(), jsonNumber().AsAny())
	case dialog.String:
		one = rapid.Map(rapid.String(), func(s string) any { return strings.ReplaceAll(s, "\x00", "") })
	case dialog.DateTime:
		one = rapid.Custom(func(t *rapid.T) any {
			first := time.Date(0, 1, 2, 0, 0, 0, 0, time.UTC).Unix() // whatever the zone, in the year 0
			last := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).Unix()
			at := time.Unix(rapid.Int64Range(first, last).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond"))
			zone := time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "zone"))
			return at.In(zone).Format(time.RFC3339Nano)
		})
	default:
		one = rapid.Custom(func(t *rapid.T) any {
			return []any{rapid.Float64Range(-180, 180).Draw(t, "longitude"), rapid.Float64Range(-90, 90).Draw(t, "latitude")}
		})
	}
	if f.List {
		return rapid.Map(rapid.SliceOfN(one, 0, 3), func(list []any) any { return list })
	}
	return one
}

func jsonNumber() *rapid.Generator[json.Number] {
	return rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?`),
		func(s string) json.Number { return json.Number(s) })
}

// TestWholeNumbersAreExact compares with arithmetic that can't round.
func TestWholeNumbersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := jsonNumber().Draw(t, "number")
		exact, ok := new(big.Rat).SetString(string(number))
		if !ok {
			t.Fatalf("%s is not a number", number)
		}
		most := big.NewInt(dialog.MaxInteger)
		fits := exact.IsInt() && exact.Num().CmpAbs(most) <= 0
		value, err := field(dialog.Integer).Normalize(number)
		switch {
		case fits && (err != nil || string(value) != exact.Num().String()):
			t.Fatalf("%s came to %s, %v; want %s", number, value, err, exact.Num())
		case !fits && err == nil:
			t.Fatalf("%s came to %s, but is %s", number, value, exact.RatString())
		}
	})
}

// FuzzValue: no JSON makes Normalize panic, and what it takes is compact JSON
// that normalizes to itself.
func FuzzValue(f *testing.F) {
	for _, text := range []string{
		`true`, `-0`, `1e400`, `9007199254740991`, `[1.5,-0.0]`, `[[180,90],[-180,-90]]`, `"\u2028<&>"`,
		`"2026-01-31T09:30:00.123456789+01:00"`, `["0000-01-01T00:00:00Z"]`, `{"a":[null]}`, `null`, `[]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var raw any
		if d.Decode(&raw) != nil {
			return
		}
		for kind := dialog.Boolean; kind <= dialog.Location; kind++ {
			for _, list := range []bool{false, true} {
				f := dialog.Field{Type: kind, List: list}
				value, err := f.Normalize(raw)
				if err != nil {
					continue
				}
				again, err := f.Normalize(decode(t, string(value), true))
				if err != nil || again != value {
					t.Errorf("type %d took %s for %s, and that for %s, %v", kind, text, value, again, err)
				}
			}
		}
	})
}
