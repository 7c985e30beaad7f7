package dialog

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldName is the form of a name for the order by name and for nameContains. Names
// that differ only in case, or in how their accents are encoded, have the same
// form: it is the full case folding of Unicode, in NFC. In addition, the dot of
// İ is removed, so that it is an i like its lower case.
func FoldName(name string) string {
	if plain(name) {
		return strings.ToLower(name)
	}
	folded := strings.Map(foldCherokee, cases.Fold().String(norm.NFD.String(name)))
	return norm.NFC.String(withoutDots(norm.NFD.String(folded)))
}

// foldCherokee replaces small letters by capital ones: Cherokee folds in this
// direction because its small letters were added later. Package cases exchanges
// the two instead.
func foldCherokee(r rune) rune {
	switch {
	case '\uab70' <= r && r <= '\uabbf':
		return r - '\uab70' + '\u13a0'
	case '\u13f8' <= r && r <= '\u13fd':
		return r - '\u13f8' + '\u13f0'
	}
	return r
}

// plain reports whether the name has ASCII only, as most names do.
func plain(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return true
}

// dot is the combining dot above.
const dot = '\u0307'

// withoutDots removes the dots above of each i in a text in NFD. Other marks below
// the letter may precede it, marks above may not: there it belongs to them.
func withoutDots(text string) string {
	if !strings.ContainsRune(text, dot) {
		return text
	}
	var b strings.Builder
	dotted := false // a dot that comes next belongs to an i
	for _, r := range text {
		if r == dot && dotted {
			continue
		}
		if r == 'i' {
			dotted = true
		} else if class := norm.NFD.PropertiesString(string(r)).CCC(); class == 0 || class == above {
			dotted = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// above is the combining class of marks above a letter.
const above = 230
