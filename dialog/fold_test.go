package dialog_test

import (
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"dialogs/dialog"
)

// TestFoldedNames: names that differ only in case are one, and nothing else is.
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
		{"the dotted capital I is an i, as it is in lower case", "İ", "i", true},
		{"Cherokee, where the small letters are the newer ones", "Ꭰ", "ꭰ", true},
		{"Georgian", "Ა", "ა", true},

		{"the dotless i is a letter of its own", "ı", "i", false},
		{"a sharp s is not two", "ß", "ss", false},
		{"an accent", "e", "é", false},
		{"a composed letter and its parts", "é", "e\u0301", false},
		{"a ligature", "ﬁ", "fi", false},
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
		if again := dialog.FoldName(folded); again != folded {
			t.Errorf("%U folds to %q, and that to %q", r, folded, again)
		}
		if n := utf8.RuneCountInString(folded); n != 1 {
			t.Errorf("%U folds to %d characters", r, n)
		}
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

// TestOtherTextStaysAsItIs: what has no case is not touched, and no text makes
// anything but valid text.
func TestOtherTextStaysAsItIs(t *testing.T) {
	const text = "7 – 午餐 – غداء – 😀"
	if got := dialog.FoldName(text); got != text {
		t.Errorf("%q folds to %q", text, got)
	}
	if got := dialog.FoldName("a\xffb"); !utf8.ValidString(got) {
		t.Errorf("broken text folds to %q", got)
	}
}
