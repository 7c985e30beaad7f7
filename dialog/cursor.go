package dialog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"
)

// A cursor is a [Position] as opaque text. It has a version, and a digest of
// the order, scope and filter of the list that it belongs to.
type cursor struct {
	Version int    `json:"v"`
	List    string `json:"l"`
	Millis  int64  `json:"t,omitempty"`
	Name    string `json:"n,omitempty"`
	// Fold is the version of the folding in an order by name: another version
	// may have another order.
	Fold string `json:"f,omitempty"`
	ID   ID     `json:"i"`
}

const cursorVersion = 1

var cursorEncoding = base64.RawURLEncoding.Strict()

// listDigest identifies the list that a cursor belongs to.
func listDigest(scope Scope, f Filter, order Order) string {
	parts := []any{
		scope, order, f.IDs, f.Types, f.Owner, f.Occupants, f.NameContains, f.Custom,
		// As numbers: an instant after the year 9999 has no JSON form.
		f.UpdatedAfter.UnixMilli(), f.UpdatedBefore.UnixMilli(), f.CreatedAfter.UnixMilli(), f.CreatedBefore.UnixMilli(),
	}
	if f.Names != nil || f.ExceptIDs != nil || f.ExceptNames != nil { // so that older cursors stay valid
		parts = append(parts, f.Names, f.ExceptIDs, f.ExceptNames)
	}
	text, err := json.Marshal(parts)
	if err != nil { // numbers and strings never fail
		panic("dialog: digest of a list: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

func encodeCursor(digest string, order Order, p *Position) string {
	c := cursor{Version: cursorVersion, List: digest, ID: p.ID}
	if order.Field == ByName {
		c.Name, c.Fold = p.Key.Name, foldVersion
	} else {
		c.Millis = p.Key.Time.UnixMilli()
	}
	return c.text()
}

func (c cursor) text() string {
	text, err := json.Marshal(c)
	if err != nil { // strings and numbers never fail
		panic("dialog: encoding a cursor: " + err.Error())
	}
	return cursorEncoding.EncodeToString(text)
}

// parseCursor reads a cursor of this list. It accepts exactly what encodeCursor
// writes, and no text that a store can't handle. field is the input to blame.
func parseCursor(field, text, digest string, order Order) (*Position, error) {
	var c cursor
	raw, err := cursorEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.text() != text || c.Version != cursorVersion {
		return nil, errCursor(field)
	}
	if c.List != digest {
		return nil, invalid(field, "the cursor belongs to a list with another scope, order or filter")
	}
	if _, err := ParseID(field, string(c.ID)); err != nil {
		return nil, errCursor(field)
	}
	byName := order.Field == ByName
	switch {
	case byName && c.Fold == foldVersion && c.Millis == 0 && checkText(field, c.Name) == nil:
		return &Position{Key: SortKey{Name: c.Name}, ID: c.ID}, nil
	case !byName && c.Name == "" && c.Fold == "":
		return &Position{Key: SortKey{Time: time.UnixMilli(c.Millis).UTC()}, ID: c.ID}, nil
	}
	return nil, errCursor(field)
}

func errCursor(field string) error {
	return invalid(field, "invalid cursor")
}
