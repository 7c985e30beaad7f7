package mongo_test

import (
	"fmt"
	"math"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"dialogs/dialog"
	"dialogs/store/mongo"
)

// A custom value must be read back as exactly the same text, because values are compared
// as text.
func TestValuesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		field := dialog.Field{
			Name: "f",
			Type: dialog.FieldType(rapid.IntRange(int(dialog.Boolean), int(dialog.Location)).Draw(t, "type")),
			List: rapid.Bool().Draw(t, "list"),
		}
		value, err := field.Normalize(rawValue(t, field))
		if err != nil {
			t.Skipf("another draw: no caller can set this value: %v", err)
		}
		checkComesBack(t, value)
	})
}

func TestEdgesOfNumbersComeBack(t *testing.T) {
	t.Parallel()
	float := dialog.Field{Name: "f", Type: dialog.Float}
	for _, v := range []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 1e15, 1e20, 1e21, -1e21, 1e-6, 1e-7, 5e-324, math.MaxFloat64,
		1 << 53, 1<<53 + 2, 1 << 62, 1 << 63, -1 << 63, -1<<63 - 2048, 1 << 64, 123456789012345680,
	} {
		value, err := float.Normalize(v)
		if err != nil {
			t.Fatalf("normalizing %v: %v", v, err)
		}
		checkComesBack(t, value)
	}
}

// Whole numbers are stored as int64 if they fit, so that other tools show them as whole
// numbers.
func TestNumbersAreNative(t *testing.T) {
	t.Parallel()
	for text, want := range map[dialog.Value]any{
		"5": int64(5), "-9007199254740991": int64(-9007199254740991), "0.5": 0.5, "1e+21": 1e21,
		"true": true, `"5"`: "5",
	} {
		got, err := mongo.ToBSON(text)
		if err != nil || got != want {
			t.Errorf("%s is stored as %T %v, %v, want %T %v", text, got, got, err, want, want)
		}
	}
}

func checkComesBack(t rapid.TB, value dialog.Value) {
	t.Helper()
	native, err := mongo.ToBSON(value)
	if err != nil {
		t.Fatalf("making %s native: %v", value, err)
	}
	text, err := bson.Marshal(bson.D{{Key: "v", Value: native}})
	if err != nil {
		t.Fatalf("encoding %s: %v", value, err)
	}
	got, err := mongo.FromBSON(bson.Raw(text).Lookup("v"))
	if err != nil || got != value {
		t.Fatalf("%s came back as %s, %v", value, got, err)
	}
}

func rawValue(t *rapid.T, f dialog.Field) any {
	one := func() any {
		switch f.Type {
		case dialog.Boolean:
			return rapid.Bool().Draw(t, "boolean")
		case dialog.Integer:
			return rapid.Int64Range(-dialog.MaxInteger, dialog.MaxInteger).Draw(t, "integer")
		case dialog.Float:
			return rapid.Float64().Draw(t, "float")
		case dialog.String:
			return rapid.String().Draw(t, "string")
		case dialog.DateTime:
			return fmt.Sprintf("%04d-%02d-%02dT%02d:00:00.%03dZ",
				rapid.IntRange(0, 9999).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day"),
				rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 999).Draw(t, "millisecond"))
		case dialog.Location:
			return []any{rapid.Float64Range(-180, 180).Draw(t, "longitude"), rapid.Float64Range(-90, 90).Draw(t, "latitude")}
		}
		return nil
	}
	if !f.List {
		return one()
	}
	list := []any{}
	for range rapid.IntRange(0, 4).Draw(t, "length") {
		list = append(list, one())
	}
	return list
}
