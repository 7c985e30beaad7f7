package dialog

import (
	"strings"

	"golang.org/x/text/cases"
)

// foldVersion is the version of [FoldName]: a number of our own, and the version
// of Unicode that it was built with. Increase the number with every change of
// FoldName. As texts, later versions must be greater.
const foldVersion = "2 " + cases.UnicodeVersion

// A name key is how engines store the folded name of a dialog, for order and
// search: with the version of the folding in front, so that names that another
// version of the program has stored are found. Those versions begin with a control
// character, which no name has; the keys of the first version of the program are
// folded names without a version. A dialog without a name has the empty key in
// all versions.
const (
	// NameKeyPrefix is what the current keys of names start with.
	NameKeyPrefix = "\x01" + foldVersion + ":"
	// NameKeyEnd is the first text after all current keys.
	NameKeyEnd = "\x01" + foldVersion + ";"
	// NameKeyUnversioned is the first text after all keys with a version.
	NameKeyUnversioned = "\x02"
)

// NameKey returns the key of a name.
func NameKey(name string) string { return nameKey(FoldName(name)) }

// NameKey returns the key of the folded name.
func (k SortKey) NameKey() string { return nameKey(k.Name) }

func nameKey(folded string) string {
	if folded == "" {
		return ""
	}
	return NameKeyPrefix + folded
}

// IsCurrentNameKey reports whether this version of the program has stored the key,
// or would have stored the same. The other keys must be replaced before they are
// compared; see [IsOldNameKey].
func IsCurrentNameKey(key string) bool {
	return key == "" || strings.HasPrefix(key, NameKeyPrefix)
}

// IsOldNameKey reports whether an earlier version has stored the key. An engine
// must bring such keys up to date in the background. It must leave those of later
// versions alone, or two versions side by side would never finish.
func IsOldNameKey(key string) bool {
	return !IsCurrentNameKey(key) && (key < NameKeyPrefix || key >= NameKeyUnversioned)
}
