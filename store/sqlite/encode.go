package sqlite

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
)

// millis is the stored form of an instant; instant converts it back.
func millis(t time.Time) int64   { return t.UnixMilli() }
func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// encodeID is the stored form of an id: its 12 bytes, which sort like the text.
func encodeID(id dialog.ID) ([]byte, error) {
	b, err := hex.DecodeString(string(id))
	if err != nil {
		return nil, fmt.Errorf("invalid dialog id %q: %w", id, err)
	}
	return b, nil
}

// binaryID is an id as it is in memory; not ok for one that no dialog has.
func binaryID(id dialog.ID) (b [12]byte, ok bool) {
	if hex.DecodedLen(len(id)) != len(b) {
		return b, false
	}
	_, err := hex.Decode(b[:], []byte(id))
	return b, err == nil
}

func decodeID(b []byte) dialog.ID { return dialog.ID(hex.EncodeToString(b)) }

// encodeJSON is compact JSON without escapes for HTML.
func encodeJSON(v any) (string, error) {
	text, err := dialog.MarshalPlain(v)
	return string(text), err
}

// encodeUsers is a list of users as JSON; the empty text for none.
func encodeUsers(list []dialog.UserID) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	return encodeJSON(list)
}

func decodeUsers(text string) ([]dialog.UserID, error) {
	if text == "" {
		return nil, nil
	}
	if list, ok := splitUsers(text); ok {
		return list, nil
	}
	var list []dialog.UserID
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%w: decoding a list of users: %w", errDamaged, err)
	}
	return list, nil
}

// splitUsers decodes the usual list, in which no id needs escapes, much faster than
// a JSON decoder. A list that is not like that, or damaged, is not ok.
func splitUsers(text string) (list []dialog.UserID, ok bool) {
	for i := range len(text) {
		if c := text[i]; c == '\\' || c < ' ' || c >= 0x80 {
			return nil, false
		}
	}
	rest, begun := strings.CutPrefix(text, `["`)
	rest, ended := strings.CutSuffix(rest, `"]`)
	if !begun || !ended {
		return nil, false
	}
	list = make([]dialog.UserID, 0, strings.Count(rest, `","`)+1)
	for more := true; more; {
		var id string
		id, rest, more = strings.Cut(rest, `","`)
		if strings.Contains(id, `"`) {
			return nil, false
		}
		list = append(list, dialog.UserID(id))
	}
	return list, true
}

// encodeCustom writes the values unchanged: they already are compact JSON in
// normal form, and filters compare their bytes. Class and field names need no
// escapes.
func encodeCustom(d dialog.CustomData) string {
	if len(d) == 0 {
		return "{}"
	}
	var b bytes.Buffer
	for _, class := range d.Classes() {
		b.WriteString(separator(&b) + `"` + class + `":`)
		fields := d[class]
		var inner bytes.Buffer
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			inner.WriteString(separator(&inner) + `"` + field + `":` + string(fields[field]))
		}
		inner.WriteByte('}')
		b.Write(inner.Bytes())
	}
	b.WriteByte('}')
	return b.String()
}

func separator(b *bytes.Buffer) string {
	if b.Len() == 0 {
		return "{"
	}
	return ","
}

func decodeCustom(text string) (dialog.CustomData, error) {
	if text == "{}" {
		return nil, nil
	}
	var raw map[string]map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("%w: decoding custom data: %w", errDamaged, err)
	}
	d := make(dialog.CustomData, len(raw))
	for class, fields := range raw {
		d[class] = make(map[string]dialog.Value, len(fields))
		for field, value := range fields {
			d[class][field] = dialog.Value(value)
		}
	}
	return d, nil
}

// detail is the part of a record that no query uses.
type detail struct {
	Changed    []dialog.Aspect `json:"changed,omitempty"`
	Joined     []dialog.UserID `json:"joined,omitempty"`
	Left       []dialog.UserID `json:"left,omitempty"`
	NewAdmins  []dialog.UserID `json:"newAdmins,omitempty"`
	LostAdmins []dialog.UserID `json:"lostAdmins,omitempty"`
	Name       string          `json:"name,omitempty"`
	NewOwner   dialog.UserID   `json:"newOwner,omitempty"`
	OldOwner   dialog.UserID   `json:"oldOwner,omitempty"`
}

func encodeDetail(r *dialog.Record) (string, error) {
	return encodeJSON(detail{
		Changed: r.Changed, Joined: r.Joined, Left: r.Left, NewAdmins: r.NewAdmins, LostAdmins: r.LostAdmins,
		Name: r.Name, NewOwner: r.NewOwner, OldOwner: r.OldOwner,
	})
}

func decodeDetail(text string, r *dialog.Record) error {
	var d detail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return fmt.Errorf("%w: decoding a change record: %w", errDamaged, err)
	}
	r.Changed, r.Joined, r.Left, r.NewAdmins, r.LostAdmins = d.Changed, d.Joined, d.Left, d.NewAdmins, d.LostAdmins
	r.Name, r.NewOwner, r.OldOwner = d.Name, d.NewOwner, d.OldOwner
	return nil
}
