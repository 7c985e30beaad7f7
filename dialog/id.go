package dialog

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// An ID names a dialog: 24 hexadecimal digits in lower case, the text of an
// ObjectID.
type ID string

// ParseID checks the form of a dialog's id. field names the input to blame.
func ParseID(field, s string) (ID, error) {
	if len(s) != 24 || strings.Trim(s, "0123456789abcdef") != "" {
		return "", invalid(field, "a dialog's id is 24 hexadecimal digits in lower case")
	}
	return ID(s), nil
}

// NewID makes an ObjectID: the second it was made in, then 8 random bytes, of
// the system's source when random is nil.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:4], uint32(now.Unix())) //nolint:gosec // an ObjectID's seconds wrap in 2106 by its definition
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, b[4:]); err != nil {
		return "", err
	}
	return ID(hex.EncodeToString(b[:])), nil
}

// A UserID names a user: an opaque string of 1 to 128 bytes of UTF-8 without
// NUL, compared byte by byte.
type UserID string

// MaxUserIDBytes is the longest that a user id may be.
const MaxUserIDBytes = 128

// ParseUserID checks the form of a user's id. field names the input to blame.
func ParseUserID(field, s string) (UserID, error) {
	switch {
	case s == "":
		return "", invalid(field, "a user id has at least 1 byte")
	case len(s) > MaxUserIDBytes:
		return "", invalidf(field, "a user id has at most %d bytes", MaxUserIDBytes)
	}
	if err := checkText(field, s); err != nil {
		return "", err
	}
	return UserID(s), nil
}

// parseUserIDs checks each id, drops repetitions and keeps the order.
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
			return nil, invalidf(field, "at most %d ids in one list", most)
		}
		seen[id] = true
		unique = append(unique, id)
	}
	return unique, nil
}

// without keeps those of list that are not in out, in order; nil for none.
func without(list, out []UserID) []UserID {
	if len(out) == 0 && len(list) > 0 {
		return list
	}
	return kept(list, out, false)
}

// common keeps those of list that are also in other, in list's order; nil for
// none.
func common(list, other []UserID) []UserID { return kept(list, other, true) }

// kept keeps those of list that other has, or has not.
func kept(list, other []UserID, has bool) []UserID {
	in := func(id UserID) bool { return slices.Contains(other, id) }
	if len(list)*len(other) > 1000 { // where making a set pays
		set := make(map[UserID]bool, len(other))
		for _, id := range other {
			set[id] = true
		}
		in = func(id UserID) bool { return set[id] }
	}
	var those []UserID
	for _, id := range list {
		if in(id) == has {
			those = append(those, id)
		}
	}
	return those
}

// checkText refuses what no store keeps faithfully: broken UTF-8 and NUL.
func checkText(field, s string) error {
	if !utf8.ValidString(s) {
		return invalid(field, "text must be valid UTF-8")
	}
	if strings.ContainsRune(s, 0) {
		return invalid(field, "text must not contain the character NUL")
	}
	return nil
}
