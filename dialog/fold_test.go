package dialog_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestFoldedNames: names that differ only in case, or in how their accents are
// encoded, are the same, and no others.
func TestFoldedNames(t *testing.T) {
	for _, tt := range []struct {
		reason string
		a, b   string
		same   bool
	}{
		{"ASCII", "LUNCH", "lunch", true},
		{"accents", "ÉCOLE", "école", true},
		{"the Kelvin sign", "\u212a", "k", true},
		{"the Ångström sign", "\u212b", "å", true},
		{"the long s", "ſ", "S", true},
		{"the final sigma", "ΟΔΟΣ", "οδος", true},
		{"the sharp s and its capital", "ß", "ẞ", true},
		{"title case", "ǅ", "ǆ", true},
		{"the dotted capital I is an i, as it is in lower case", "İSTANBUL", "istanbul", true},
		{"and as other programs write its lower case", "İ", "i\u0307", true},
		{"and in two characters", "I\u0307", "i", true},
		{"and with a mark below in between", "I\u0323\u0307", "\u1ecb", true},
		{"Cherokee, where the small letters are the newer ones", "Ꭰ", "ꭰ", true},
		{"Georgian", "Ა", "ა", true},
		{"a sharp s is two", "Straße", "STRASSE", true},
		{"ligatures", "ﬁ ﬃ ﬆ", "FI FFI ST", true},
		{"an n after an apostrophe", "ŉ", "ʼN", true},
		{"a composed letter and its parts", "É", "e\u0301", true},
		{"marks in another order", "a\u0323\u0302", "A\u0302\u0323", true},
		{"Hangul and its parts", "한", "\u1112\u1161\u11ab", true},
		{"an iota below and beside", "ᾳ", "ΑΙ", true},

		{"the dotless i is a letter of its own", "ı", "i", false},
		{"a dot above another mark", "\u00ef\u0307", "\u00ef", false},
		{"an accent", "e", "é", false},
		{"width", "Ａ", "A", false},
	} {
		if got := dialog.FoldName(tt.a) == dialog.FoldName(tt.b); got != tt.same {
			t.Errorf("%s: %q and %q are the same: %t", tt.reason, tt.a, tt.b, got)
		}
	}
}

// TestFolding goes through all characters that have another case.
func TestFolding(t *testing.T) {
	const dotless = 'ı' // its capital is the I of i; folding knows no Turkish
	cased := 0
	for r := rune(0); r < 0x20000; r++ { // beyond lie ideographs and nothing that has case
		variants := []rune{unicode.ToUpper(r), unicode.ToLower(r), unicode.ToTitle(r), unicode.SimpleFold(r)}
		if !slices.ContainsFunc(variants, func(v rune) bool { return v != r }) {
			continue
		}
		cased++
		folded := dialog.FoldName(string(r))
		for _, variant := range variants {
			if got := dialog.FoldName(string(variant)); got != folded && r != dotless {
				t.Errorf("%U folds to %q, its variant %U to %q", r, folded, variant, got)
			}
		}
	}
	if cased < 2800 {
		t.Errorf("only %d characters had another case", cased)
	}
}

// TestFoldingTwice: what is folded stays as it is, also when it is decomposed or in
// upper case meanwhile.
func TestFoldingTwice(t *testing.T) {
	marks := []string{"", "\u0307", "\u0301", "\u0323\u0307", "\u0345", "\u030c\u0307"}
	for r := rune(1); r < 0x11800; r += rune(dialogtest.Times(7, 1)) {
		if !utf8.ValidRune(r) || r > 0x3100 && r < 0xa600 || r > 0xac20 && r < 0xf900 { // of ideographs and syllables, some are enough
			continue
		}
		for _, mark := range marks {
			name := string(r) + mark
			folded := dialog.FoldName(name)
			for what, again := range map[string]string{
				"itself": folded, "NFD": norm.NFD.String(name), "NFC": norm.NFC.String(name), "folded NFD": norm.NFD.String(folded),
			} {
				if got := dialog.FoldName(again); got != folded {
					t.Errorf("%+q folds to %+q, as %s to %+q", name, folded, what, got)
				}
			}
		}
	}
}

// TestFoldVersion fails when a name folds to something else than before: stored
// names must then be folded again, so increase the number of the version, or the
// version of Unicode has changed and is part of it already.
func TestFoldVersion(t *testing.T) {
	sum := sha256.New()
	for r := rune(1); r < 0x20000; r++ {
		if utf8.ValidRune(r) {
			sum.Write([]byte(dialog.FoldName(string(r)) + "\n"))
		}
	}
	got := hex.EncodeToString(sum.Sum(nil)[:8])
	known := map[string]string{"\x012 15.0.0:": "35be256a21eb02f5"}
	if want := known[dialog.NameKeyPrefix]; got != want {
		t.Errorf("names fold to %s under the version %q, want %s", got, dialog.NameKeyPrefix, want)
	}
	if cases.UnicodeVersion != norm.Version {
		t.Errorf("names are folded by Unicode %s, and normalized by %s: both must be in the version", cases.UnicodeVersion, norm.Version)
	}
}

func TestNameKeys(t *testing.T) {
	for _, tt := range []struct {
		reason       string
		key          string
		current, old bool
	}{
		{"no name", "", true, false},
		{"a name", dialog.NameKey("Straße"), true, false},
		{"of the first version, which had none", "straße", false, true},
		{"of a version of Unicode before", "\x012 13.0.0:strasse", false, true},
		{"of a version of Unicode to come", "\x012 17.0.0:strasse", false, false},
		{"of an algorithm to come", "\x013 15.0.0:strasse", false, false},
	} {
		if got := dialog.IsCurrentNameKey(tt.key); got != tt.current {
			t.Errorf("%s: current: %t", tt.reason, got)
		}
		if got := dialog.IsOldNameKey(tt.key); got != tt.old {
			t.Errorf("%s: old: %t", tt.reason, got)
		}
		inRange := tt.key == "" || tt.key >= dialog.NameKeyPrefix && tt.key < dialog.NameKeyEnd
		if inRange != tt.current {
			t.Errorf("%s: in the range of current keys: %t", tt.reason, inRange)
		}
	}
}

// TestOtherTextStaysAsItIs: what has no case and no accents is not changed.
func TestOtherTextStaysAsItIs(t *testing.T) {
	const text = "7 – 午餐 – غداء – 😀"
	if got := dialog.FoldName(text); got != text {
		t.Errorf("%q folds to %q", text, got)
	}
}
