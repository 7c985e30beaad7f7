package sqlite

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"dialogs/dialog"
)

// began returns the position at which the transaction began: another process may
// have written since the last one.
func (w *writer) began() (int64, error) {
	if w.begun == unknown {
		if _, err := w.row(selectPosition, nil, &w.begun); err != nil {
			return 0, err
		}
	}
	return w.begun, nil
}

// nextPosition gives the next place in the order of commits. What is rolled back
// leaves a gap.
func (w *writer) nextPosition() (int64, error) {
	if w.position == nil {
		latest, err := w.began()
		if err != nil {
			return 0, err
		}
		w.position = &latest
	}
	*w.position++
	return *w.position, nil
}

// savePosition stores the latest position of the transaction, if it gave one.
func (w *writer) savePosition() error {
	if w.position == nil {
		return nil
	}
	w.lists.pending.Store(*w.position)
	return w.exec("UPDATE sync SET position = ?", *w.position)
}

// A mark is a position in one epoch of the database.
type mark struct {
	epoch    []byte
	position int64
}

func (m mark) encode() dialog.Mark {
	return dialog.Mark(hex.EncodeToString(m.epoch) + ":" + strconv.FormatInt(m.position, 10))
}

// errMark is the error for a mark that this package did not write.
var errMark = errors.New("invalid mark")

func decodeMark(text dialog.Mark) (m mark, err error) {
	epoch, position, _ := strings.Cut(string(text), ":")
	if m.epoch, err = hex.DecodeString(epoch); err != nil {
		return mark{}, errMark
	}
	if m.position, err = strconv.ParseInt(position, 10, 64); err != nil || m.encode() != text {
		return mark{}, errMark
	}
	return m, nil
}
