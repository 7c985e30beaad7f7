package dialog_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
)

// A oneDialog is a store whose every list is this dialog.
type oneDialog struct {
	dialog.Store
	dialog dialog.Dialog
	query  dialog.Query
}

func (s *oneDialog) Dialogs(_ context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	s.query = q
	return []dialog.Dialog{s.dialog}, nil
}

// list asks for everything of ann's in this order, after the cursor if there
// is one.
func (s *oneDialog) list(t testing.TB, field dialog.OrderField, after ...string) (dialog.Page, error) {
	t.Helper()
	r := dialog.ListRequest{Scope: dialog.Mine, Order: dialog.Order{Field: field}}
	for _, cursor := range after {
		r.After = dialog.Some(cursor)
	}
	return newService(s, dialog.DefaultLimits()).List(t.Context(), user(ann), r)
}

func cursorOf(t testing.TB, d dialog.Dialog, field dialog.OrderField) string {
	t.Helper()
	page, err := (&oneDialog{Store: newStore(t), dialog: d}).list(t, field)
	if err != nil {
		t.Fatal(err)
	}
	return page.Cursor(0)
}

func TestCursorComesBackAsItWas(t *testing.T) {
	limits := dialog.DefaultLimits()
	longest := strings.Repeat("\u2028<", 1<<13)
	for _, name := range []string{"", "Lunch", "ÅNGSTRÖM & Kelvin", strings.Repeat("\U0001F600", limits.NameLength), longest} {
		d := dialog.Dialog{ID: dialogID, Name: name, CreatedAt: noon(), UpdatedAt: noon().Add(time.Millisecond)}
		for field, want := range map[dialog.OrderField]dialog.SortKey{
			dialog.ByUpdatedAt: {Time: d.UpdatedAt},
			dialog.ByCreatedAt: {Time: d.CreatedAt},
			dialog.ByName:      {Name: dialog.FoldName(name)},
		} {
			store := &oneDialog{Store: newStore(t), dialog: d}
			if _, err := store.list(t, field, cursorOf(t, d, field)); err != nil {
				t.Errorf("a name of %d bytes, order %d: %v", len(name), field, err)
				continue
			}
			wantEqual(t, "position", store.query.After, &dialog.Position{Key: want, ID: dialogID})
		}
	}
}

// forged is a cursor in the right wrapping, with these of its entries changed.
func forged(t testing.TB, field dialog.OrderField, entries map[string]any) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(cursorOf(t, group(ann), field))
	if err != nil {
		t.Fatal(err)
	}
	all := struct {
		V any `json:"v"`
		L any `json:"l"`
		T any `json:"t,omitempty"`
		N any `json:"n,omitempty"`
		F any `json:"f,omitempty"`
		I any `json:"i"`
	}{}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]*any{"v": &all.V, "l": &all.L, "t": &all.T, "n": &all.N, "f": &all.F, "i": &all.I} {
		if value, ok := entries[name]; ok {
			*to = value
		}
	}
	raw, err = json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func TestBrokenCursors(t *testing.T) {
	const byTime, byName = dialog.ByUpdatedAt, dialog.ByName
	good := cursorOf(t, group(ann), byTime)
	wrapped := base64.RawURLEncoding.EncodeToString
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	named, err := base64.RawURLEncoding.DecodeString(cursorOf(t, group(ann), byName))
	if err != nil || !strings.Contains(string(named), `"n":"`) {
		t.Fatalf("%v, or a cursor without a name: %s", err, named)
	}
	for _, field := range []dialog.OrderField{byTime, byName} {
		wantEqual(t, "a cursor that nothing was changed in", forged(t, field, nil), cursorOf(t, group(ann), field))
	}
	for _, tt := range []struct {
		reason string
		order  dialog.OrderField
		cursor string
	}{
		{"no text", byTime, ""},
		{"no base64", byTime, "*"},
		{"padding", byTime, good + "="},
		{"a line break, which Go's decoder would skip", byTime, good[:9] + "\n" + good[9:]},
		{"cut short", byTime, good[:len(good)-4]},
		{"something after it", byTime, good + good},
		{"the other base64 alphabet", byTime, base64.RawStdEncoding.EncodeToString([]byte("\xff\xff\xff"))},
		{"no JSON", byTime, wrapped([]byte("hello"))},
		{"JSON of another kind", byTime, wrapped([]byte(`[1]`))},
		{"null", byTime, wrapped([]byte(`null`))},
		{"nothing in it", byTime, wrapped([]byte(`{}`))},
		{"white space", byTime, wrapped([]byte(strings.Replace(string(raw), ",", ", ", 1)))},
		{"keys in another case", byTime, wrapped([]byte(strings.Replace(string(raw), `"v"`, `"V"`, 1)))},
		{"one entry more", byTime, wrapped([]byte(strings.Replace(string(raw), `{`, `{"x":1,`, 1)))},
		{"trailing JSON", byTime, wrapped(append(raw[:len(raw):len(raw)], "{}"...))},
		{"another version", byTime, forged(t, byTime, map[string]any{"v": 2})},
		{"the version as text", byTime, forged(t, byTime, map[string]any{"v": "1"})},
		{"an instant with a fraction", byTime, forged(t, byTime, map[string]any{"t": 1.5})},
		{"an instant past 64 bits", byTime, forged(t, byTime, map[string]any{"t": json.Number("9223372036854775808")})},
		{"an instant as text", byTime, forged(t, byTime, map[string]any{"t": "1"})},
		{"no id", byTime, forged(t, byTime, map[string]any{"i": ""})},
		{"an id that is none", byTime, forged(t, byTime, map[string]any{"i": "0123456789ABCDEF01234567"})},
		{"an id that is an operator", byTime, forged(t, byTime, map[string]any{"i": map[string]any{"$gt": ""}})},
		{"of names before their folding had a version", byName, forged(t, byName, map[string]any{"f": nil})},
		{"of names that an earlier version has folded", byName, forged(t, byName, map[string]any{"f": "1 15.0.0"})},
		{"of names that were folded by another Unicode", byName, forged(t, byName, map[string]any{"f": "2 13.0.0"})},
		{"a folding in an order by time", byTime, forged(t, byTime, map[string]any{"f": "2 15.0.0"})},
		{"NUL in the name", byName, forged(t, byName, map[string]any{"n": "a\x00b"})},
		{"a lone surrogate in the name", byName, wrapped([]byte(strings.Replace(string(named), `"n":"`, `"n":"\ud800`, 1)))},
		{"invalid UTF-8 in the name", byName, wrapped([]byte(strings.Replace(string(named), `"n":"`, "\"n\":\"\xff", 1)))},
		{"an instant in an order by name", byName, forged(t, byName, map[string]any{"t": 1})},
		{"a name in an order by time", byTime, forged(t, byTime, map[string]any{"n": "lunch"})},
		{"of another list", byTime, forged(t, byTime, map[string]any{"l": "000000000000"})},
		{"of another order", byName, good},
	} {
		store := &oneDialog{Store: newStore(t), dialog: group(ann)}
		_, err := store.list(t, tt.order, tt.cursor)
		if err == nil {
			t.Errorf("%s: taken for a cursor", tt.reason)
			continue
		}
		wantError(t, err, dialog.Invalid, "after")
	}
}

// TestCursorIsOfItsList: a cursor that continues in another list would skip and
// repeat without a word.
func TestCursorIsOfItsList(t *testing.T) {
	store := &oneDialog{Store: newStore(t), dialog: group(ann)}
	service := newService(store, dialog.DefaultLimits())
	base := dialog.ListRequest{Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}}
	page, err := service.List(t.Context(), user(ann), base)
	if err != nil {
		t.Fatal(err)
	}
	instant := dialog.Some(noon())
	for _, tt := range []struct {
		reason string
		change func(*dialog.ListRequest)
		ok     bool
	}{
		{"the same list", func(*dialog.ListRequest) {}, true},
		{"a page of another size", func(r *dialog.ListRequest) { r.First = dialog.Some(7) }, true},
		{"a filter that asks for nothing", func(r *dialog.ListRequest) {
			r.Filter = dialog.FilterInput{Occupants: ids(), NameContains: dialog.Some(""), Custom: []dialog.CustomInput{}}
		}, true},
		{"scope", func(r *dialog.ListRequest) { r.Scope = dialog.Visible }, false},
		{"order", func(r *dialog.ListRequest) { r.Order.Field = dialog.ByCreatedAt }, false},
		{"direction", func(r *dialog.ListRequest) { r.Order.Descending = true }, false},
		{"ids", func(r *dialog.ListRequest) { r.Filter.IDs = []string{dialogID} }, false},
		{"no ids", func(r *dialog.ListRequest) { r.Filter.IDs = []string{} }, false},
		{"types", func(r *dialog.ListRequest) { r.Filter.Types = []dialog.Type{dialog.Group} }, false},
		{"no types", func(r *dialog.ListRequest) { r.Filter.Types = []dialog.Type{} }, false},
		{"owner", func(r *dialog.ListRequest) { r.Filter.Owner = dialog.Some(ann) }, false},
		{"occupants", func(r *dialog.ListRequest) { r.Filter.Occupants = ids(ann) }, false},
		{"name", func(r *dialog.ListRequest) { r.Filter.NameContains = dialog.Some("x") }, false},
		{"names", func(r *dialog.ListRequest) { r.Filter.Names = []string{"x"} }, false},
		{"other names", func(r *dialog.ListRequest) { r.Filter.ExceptNames = []string{"x"} }, false},
		{"other ids", func(r *dialog.ListRequest) { r.Filter.ExceptIDs = []string{dialogID} }, false},
		{"updatedAfter", func(r *dialog.ListRequest) { r.Filter.UpdatedAfter = instant }, false},
		{"updatedBefore", func(r *dialog.ListRequest) { r.Filter.UpdatedBefore = instant }, false},
		{"createdAfter", func(r *dialog.ListRequest) { r.Filter.CreatedAfter = instant }, false},
		{"createdBefore", func(r *dialog.ListRequest) { r.Filter.CreatedBefore = instant }, false},
		{"custom data", func(r *dialog.ListRequest) {
			r.Filter.Custom = []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"note": "x"}}}
		}, false},
		{"no custom data", func(r *dialog.ListRequest) {
			r.Filter.Custom = []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"note": nil}}}
		}, false},
	} {
		for _, end := range []string{"after", "before"} {
			r := base
			tt.change(&r)
			if end == "after" {
				r.After = dialog.Some(page.Cursor(0))
			} else {
				r.Before = dialog.Some(page.Cursor(0))
			}
			_, err := service.List(t.Context(), user(ann), r)
			if tt.ok && err != nil {
				t.Errorf("%s: %v", tt.reason, err)
			}
			if !tt.ok {
				wantError(t, err, dialog.Invalid, end)
			}
		}
	}
}

// FuzzCursor: whatever comes as a cursor is taken only when the server could
// have written it, and blamed on its input otherwise.
func FuzzCursor(f *testing.F) {
	for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByName} {
		f.Add(cursorOf(f, group(ann), field))
		f.Add(forged(f, field, map[string]any{"t": math.MinInt64, "n": "a\x00"}))
		f.Add(forged(f, field, map[string]any{"t": math.MaxInt64, "n": "ſK"}))
	}
	f.Add("")
	f.Add("e30") // {}
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByName} {
			store := &oneDialog{Store: newStore(t)}
			_, err := store.list(t, field, text)
			if err != nil {
				wantError(t, err, dialog.Invalid, "after")
				continue
			}
			at := store.query.After
			d := dialog.Dialog{ID: at.ID, UpdatedAt: at.Key.Time, Name: at.Key.Name}
			if folded := dialog.FoldName(d.Name); folded != d.Name {
				continue // only a forger writes a name that is not folded
			}
			if again := cursorOf(t, d, field); again != text {
				t.Errorf("order %d: %q was taken for %q", field, text, again)
			}
		}
	})
}
