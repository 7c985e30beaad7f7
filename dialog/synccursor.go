package dialog

import "encoding/json"

// A syncCursor is a [Mark] as opaque text. It belongs to one user, or to servers:
// what it leaves out was sent to them.
type syncCursor struct {
	Version int    `json:"v"`
	User    UserID `json:"u,omitempty"`
	// At is when the caller had everything, in milliseconds since 1970.
	At   int64 `json:"t"`
	Mark Mark  `json:"m"`
}

const (
	syncCursorVersion = 1
	// maxSyncCursor is the longest cursor that is read, in bytes.
	maxSyncCursor = 16 << 10
)

func (c syncCursor) text() string {
	c.Version = syncCursorVersion
	text, err := json.Marshal(c)
	if err != nil { // strings and numbers never fail
		panic("dialog: encoding a cursor: " + err.Error())
	}
	return cursorEncoding.EncodeToString(text)
}

// parseSyncCursor accepts exactly what text writes. The mark in it is the engine's
// to judge.
func parseSyncCursor(text string) (syncCursor, error) {
	var c syncCursor
	if len(text) > maxSyncCursor {
		return c, errCursor("after")
	}
	raw, err := cursorEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Version != syncCursorVersion || c.Mark == "" || c.text() != text {
		return syncCursor{}, errCursor("after")
	}
	return c, nil
}
