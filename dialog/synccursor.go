package dialog

import (
	"encoding/json"
	"slices"
	"time"
)

// rememberedMost is how many dialogs a cursor remembers as sent. What is beyond may
// be sent again.
const rememberedMost = 100

// leftMost is how many of them are dialogs that the caller has left, and that were not
// read again.
const leftMost = 10

// A SyncCursor is how far a caller has read the changes of their dialogs.
type SyncCursor struct {
	// user is whose cursor it is; empty for servers.
	user UserID
	// at is when the caller had everything.
	at   time.Time
	mark Mark
	// sent are the latest dialogs that were sent and may come again.
	sent []sentDialog
}

// A sentDialog is what a caller was told about a dialog.
type sentDialog struct {
	ID      ID    `json:"i"`
	Version int64 `json:"v"` // 0 when it was removed
	// passing means that it need not be remembered for longer than until the
	// cursor has moved beyond it.
	passing bool
	// unread means that it is from the text of a cursor, and was not read again since.
	unread bool
	// at is when it was sent, for readers that are ahead of the cursor's place.
	at time.Time
}

func (s sentDialog) same(o sentDialog) bool { return s.ID == o.ID && s.Version == o.Version }

func sentOf(d *ChangedDialog) sentDialog {
	if d.Removed {
		return sentDialog{ID: d.Dialog.ID}
	}
	return sentDialog{ID: d.Dialog.ID, Version: d.Dialog.Version}
}

// Mark is the cursor's place in the store.
func (c *SyncCursor) Mark() Mark { return c.mark }

// MoveTo moves the cursor to a place up to which the caller was sent everything.
func (c *SyncCursor) MoveTo(mark Mark) { c.mark = mark }

// Complete means that the caller was sent everything that had happened at an instant.
func (c *SyncCursor) Complete(at time.Time) { c.at = at }

// Knows reports whether the caller was told exactly this.
func (c *SyncCursor) Knows(d *ChangedDialog) bool { return slices.ContainsFunc(c.sent, sentOf(d).same) }

// Told is the version up to which the caller was told of a dialog that may come again;
// 0 when that is not known.
func (c *SyncCursor) Told(id ID) int64 {
	i := slices.IndexFunc(c.sent, func(s sentDialog) bool { return s.ID == id })
	if i < 0 {
		return 0
	}
	return c.sent[i].Version
}

// Remember remembers that the caller was told this, if it may come again.
func (c *SyncCursor) Remember(d *ChangedDialog) {
	c.sent = slices.DeleteFunc(c.sent, func(s sentDialog) bool { return s.ID == d.Dialog.ID })
	if d.Recent {
		c.add(sentOf(d))
	}
}

// SentAt says when the caller was told what the cursor remembers, for
// [SyncCursor.MoveBeyond].
func (c *SyncCursor) SentAt(at time.Time) {
	for i := range c.sent {
		c.sent[i].at = at
	}
}

// RememberHere remembers that the caller was told this at an instant, at least until
// [SyncCursor.MoveBeyond]: for readers that are ahead of the cursor's place.
func (c *SyncCursor) RememberHere(d *ChangedDialog, at time.Time) {
	sent := sentOf(d)
	sent.passing, sent.at = !d.Recent, at
	c.sent = slices.DeleteFunc(c.sent, func(s sentDialog) bool { return s.ID == sent.ID })
	c.add(sent)
}

// ForgetUnread forgets what was not read again since the cursor was made from its text,
// after a whole round: it will not be. Only a dialog that the caller has left can come
// again later, when others change it, so that the latest of those are still remembered.
func (c *SyncCursor) ForgetUnread(now time.Time) {
	left := 0
	for i, s := range slices.Backward(c.sent) {
		if s.unread && s.Version == 0 && left < leftMost {
			c.sent[i].unread, c.sent[i].at = false, now
			left++
		}
	}
	c.sent = slices.DeleteFunc(c.sent, func(s sentDialog) bool { return s.unread })
}

func (c *SyncCursor) add(s sentDialog) {
	c.sent = append(c.sent, s)
	c.sent = c.sent[max(0, len(c.sent)-rememberedMost):]
}

// MoveBeyond moves the cursor to a place beyond everything that was remembered by
// [SyncCursor.RememberHere]. What was sent before the instant does not come again after
// this place, Recent or not.
func (c *SyncCursor) MoveBeyond(mark Mark, settled time.Time) {
	c.mark = mark
	c.sent = slices.DeleteFunc(c.sent, func(s sentDialog) bool { return s.passing || s.at.Before(settled) })
}

// A cursorText is a cursor as opaque text.
type cursorText struct {
	Version int          `json:"v"`
	User    UserID       `json:"u,omitempty"`
	Millis  int64        `json:"t"`
	Mark    Mark         `json:"m"`
	Sent    []sentDialog `json:"s,omitempty"`
}

const (
	// syncCursorVersion must grow with every change of the format.
	syncCursorVersion = 1
	// maxSyncCursor is the longest cursor that is read, in bytes.
	maxSyncCursor = 16 << 10
)

// Text is the cursor as opaque text.
func (c *SyncCursor) Text() string {
	return cursorText{syncCursorVersion, c.user, c.at.UnixMilli(), c.mark, c.sent}.encode()
}

func (c cursorText) encode() string {
	text, err := json.Marshal(c)
	if err != nil { // strings and numbers never fail
		panic("dialog: encoding a cursor: " + err.Error())
	}
	return cursorEncoding.EncodeToString(text)
}

// parseSyncCursor accepts exactly what Text writes. The mark in it is the engine's
// to judge. Where another version of the program runs beside this one, or did before,
// clients can have its cursors: those with another format make them read everything again.
func parseSyncCursor(text string) (SyncCursor, error) {
	var c cursorText
	if len(text) > maxSyncCursor {
		return SyncCursor{}, errCursor("after")
	}
	raw, err := cursorEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Version < 1 {
		return SyncCursor{}, errCursor("after")
	}
	if c.Version != syncCursorVersion {
		return SyncCursor{}, ErrResync()
	}
	if c.Mark == "" || c.encode() != text {
		return SyncCursor{}, errCursor("after")
	}
	for i := range c.Sent {
		c.Sent[i].unread = true
	}
	return SyncCursor{user: c.User, at: time.UnixMilli(c.Millis), mark: c.Mark, sent: c.Sent}, nil
}

// CursorAt is the cursor of a server that has read everything before a mark at this
// time.
func CursorAt(mark Mark, at time.Time) string {
	c := SyncCursor{at: at, mark: mark}
	return c.Text()
}
