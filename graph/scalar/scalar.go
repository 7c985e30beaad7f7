// Package scalar reads and writes the schema's scalars. It is stricter than
// gqlgen's own: a value of another JSON type is bad input, never converted.
package scalar

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
)

// bad is the error for a value that can't be coerced. The presenter finds the
// field by the error's path.
func bad(message string) error { return dialog.InvalidInput("", message) }

// MarshalID writes an id.
func MarshalID(id string) graphql.Marshaler { return MarshalString(id) }

// UnmarshalID reads an id: a string, or a whole number as its decimal text.
func UnmarshalID(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			return v.String(), nil
		}
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", bad("an ID must be a string or a whole number")
}

// MarshalString writes a string.
func MarshalString(s string) graphql.Marshaler { return text(AppendString(nil, s)) }

// UnmarshalString reads a string.
func UnmarshalString(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", bad("must be a string")
}

// MarshalInt writes a whole number.
func MarshalInt(n int) graphql.Marshaler { return text(AppendInt(nil, n)) }

// UnmarshalInt reads a whole JSON number of 32 bits, as the GraphQL
// specification bounds them.
func UnmarshalInt(v any) (int, error) {
	var n int64
	switch v := v.(type) {
	case json.Number:
		var err error
		if n, err = v.Int64(); err != nil {
			return 0, bad("must be a 32-bit whole number")
		}
	case int64:
		n = v
	case int: // a default of the schema
		n = int64(v)
	default:
		return 0, bad("must be a whole number")
	}
	if n > math.MaxInt32 || n < math.MinInt32 {
		return 0, bad("must be a 32-bit whole number")
	}
	return int(n), nil
}

// MarshalDateTime writes an instant in UTC with millisecond precision.
func MarshalDateTime(t time.Time) graphql.Marshaler { return text(AppendDateTime(nil, t)) }

// UnmarshalDateTime reads an RFC 3339 instant.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, bad("must be a string with a time in RFC 3339")
	}
	t, err := dialog.ParseTime(s)
	if err != nil {
		return time.Time{}, bad(err.Error())
	}
	return t, nil
}

// MarshalJSONObject writes an object, its members by name.
func MarshalJSONObject(object map[string]any) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		separator := "{"
		for _, name := range slices.Sorted(maps.Keys(object)) {
			_, _ = io.WriteString(w, separator+strconv.Quote(name)+":")
			writeJSON(w, object[name])
			separator = ","
		}
		if len(object) == 0 {
			_, _ = io.WriteString(w, "{")
		}
		_, _ = io.WriteString(w, "}")
	})
}

// writeJSON writes a value; one that is JSON already goes out as it is.
func writeJSON(w io.Writer, v any) {
	if raw, ok := v.(dialog.Value); ok {
		_, _ = io.WriteString(w, string(raw))
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	_, _ = w.Write(text)
}

// UnmarshalJSONObject reads an object.
func UnmarshalJSONObject(v any) (map[string]any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, bad("must be a JSON object")
	}
	return object, nil
}

// CheckDateTime accepts what [UnmarshalDateTime] reads, and leaves it as it is.
func CheckDateTime(v any) (any, error) {
	if _, err := UnmarshalDateTime(v); err != nil {
		return nil, errors.New("a time in RFC 3339, for example \"2026-01-31T09:30:00.000Z\"")
	}
	return v, nil
}

// CheckJSONObject accepts what [UnmarshalJSONObject] reads, and leaves it as
// it is.
func CheckJSONObject(v any) (any, error) {
	if _, err := UnmarshalJSONObject(v); err != nil {
		return nil, errors.New("a JSON object")
	}
	return v, nil
}
