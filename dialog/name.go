package dialog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkName checks the name of a dialog. Names are not trimmed or changed
// otherwise.
func checkName(name string, limits Limits) error {
	if name == "" {
		return invalid("name", "the name must not be empty")
	}
	if err := checkText("name", name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(name); n > limits.NameLength {
		return errTooLong("limit-name", "name", "the name", n, "characters", limits.NameLength)
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return invalid("name", "the name must not contain control characters")
	}
	if !strings.ContainsFunc(name, visible) {
		return invalid("name", "the name must contain at least one visible character")
	}
	return nil
}

// visible reports whether a character leaves something to see when it stands
// alone. Characters that Unicode does not have yet are visible: they may be
// tomorrow's letters and emoji.
func visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.In(r, invisible...) && !strings.ContainsRune(blanks, r) ||
		unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// invisible are the characters that are not displayed by definition, and the marks
// that need another character to be seen.
var invisible = []*unicode.RangeTable{
	unicode.Zs, unicode.Zl, unicode.Zp, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Mn, unicode.Me,
	unicode.Other_Default_Ignorable_Code_Point, // Hangul fillers, for example
	unicode.Variation_Selector,
}

// blanks are letters and symbols that consist of empty space: the braille pattern
// without dots, the null notehead, and blanks between hieroglyphs.
const blanks = "\u2800\U0001d159\U00013441\U00013442"
