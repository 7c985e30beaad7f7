package dialog

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"
)

// An ID identifies a dialog: an ObjectID as 24 hexadecimal digits in lower
// case.
type ID string

// ParseID checks the form of a dialog's id. field is the input to blame.
func ParseID(field, s string) (ID, error) {
	if len(s) != 24 || strings.Trim(s, "0123456789abcdef") != "" {
		return "", invalidf(field, "invalid dialog id %s: must be 24 lower-case hexadecimal digits", Quote(s))
	}
	return ID(s), nil
}

// NewID generates an ObjectID: the time in seconds, then 8 random bytes. A nil
// random is the system's source.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:4], uint32(now.Unix())) //nolint:gosec // the seconds of an ObjectID wrap in 2106 by definition
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, b[4:]); err != nil {
		return "", err
	}
	return ID(hex.EncodeToString(b[:])), nil
}

// neighbor returns the next or the previous id; the id itself if there is none.
func (id ID) neighbor(next bool) ID {
	n, ok := new(big.Int).SetString(string(id), 16)
	step := big.NewInt(-1)
	if next {
		step = big.NewInt(1)
	}
	if !ok || n.Add(n, step).Sign() < 0 || n.BitLen() > 96 {
		return id
	}
	return ID(fmt.Sprintf("%024x", n))
}

// A UserID identifies a user: an opaque string of 1 to 128 bytes, valid UTF-8
// without NUL, compared byte by byte.
type UserID string

// MaxUserIDBytes is the maximum length of a user id.
const MaxUserIDBytes = 128

// ParseUserID checks the form of a user's id. field is the input to blame.
func ParseUserID(field, s string) (UserID, error) {
	switch {
	case s == "":
		return "", invalid(field, "a user id must not be empty")
	case len(s) > MaxUserIDBytes:
		return "", errTooLong("", field, "the user id", len(s), "bytes", MaxUserIDBytes)
	}
	if err := checkText(field, s); err != nil {
		return "", err
	}
	return UserID(s), nil
}

// parseUserIDs checks each id, and removes repetitions.
func parseUserIDs(field string, ids []UserID, most int) ([]UserID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	seen := make(map[UserID]bool, min(len(ids), most))
	unique := make([]UserID, 0, min(len(ids), most))
	for _, id := range ids {
		if _, err := ParseUserID(field, string(id)); err != nil {
			return nil, err
		}
		if seen[id] {
			continue
		}
		if len(unique) == most {
			return nil, limitedBy("limit-ids", invalidf(field, "too many ids in one list (limit %d)", most))
		}
		seen[id] = true
		unique = append(unique, id)
	}
	return unique, nil
}

// checkText rejects what no store can keep: invalid UTF-8 and NUL.
func checkText(field, s string) error {
	if fault := textFault(s); fault != "" {
		return invalid(field, "the text "+fault)
	}
	return nil
}

// textFault says what is wrong with a text; empty for nothing.
func textFault(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "must be valid UTF-8"
	case strings.ContainsRune(s, 0):
		return "must not contain NUL (U+0000)"
	}
	return ""
}
