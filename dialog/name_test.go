package dialog_test

import (
	"testing"

	"dialogs/dialog"
)

func TestVisibleNames(t *testing.T) {
	const family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
	for _, tt := range []struct {
		reason, name string
		ok           bool
	}{
		{"a space", " ", false},
		{"spaces of many kinds", " \u00a0\u1680\u2003\u202f\u205f\u3000", false},
		{"separators of lines and paragraphs", "\u2028\u2029", false},
		{"zero width", "\u200b\u200c\u200d\u2060\ufeff", false},
		{"a soft hyphen", "\u00ad", false},
		{"directions of text", "\u200e\u200f\u202a\u202e\u2066\u2069\u061c", false},
		{"Hangul fillers", "\u115f\u1160\u3164\uffa0", false},
		{"a braille pattern without dots", "\u2800", false},
		{"a musical symbol without a head", "\U0001d159", false},
		{"blanks between hieroglyphs", "\U00013441\U00013442", false},
		{"variation selectors", "\ufe0f\U000e0100\u180b", false},
		{"tags", "\U000e0001\U000e0041", false},
		{"invisible operators", "\u2061\u2064", false},
		{"Khmer vowels that are not displayed", "\u17b4\u17b5", false},
		{"a grapheme joiner", "\u034f", false},
		{"marks without a letter", "\u0301\u20dd", false},
		{"a space with a mark", " \u0301", false},
		{"all of these", " \u200b\u3164\u2800\u0301", false},

		{"a letter between spaces, which stay", "  x  ", true},
		{"one that is decomposed", "e\u0301", true},
		{"one emoji of several characters", family, true},
		{"a flag", "\U0001f3f4\U000e0067\U000e007f", true},
		{"punctuation", "\u2013", true},
		{"braille", "\u2801", true},
		{"an Arabic sign that is a format character, and visible", "\u0600", true},
		{"a character for private use", "\ue000", true},
		{"one that Unicode does not have yet", "\U0001faff", true},
		{"a vowel sign with a width of its own", "\u0903", true},
	} {
		creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some(tt.name)}
		made, err := createPlan(t, user(ann), creation, dialog.DefaultLimits())
		_, changeErr := plan(t, user(ann), dialog.Change{Name: dialog.Some(tt.name)}, dialog.DefaultLimits())
		if !tt.ok {
			wantError(t, err, dialog.Invalid, "name")
			wantError(t, changeErr, dialog.Invalid, "name")
			continue
		}
		if err != nil || changeErr != nil {
			t.Errorf("%s: %v, %v", tt.reason, err, changeErr)
			continue
		}
		wantEqual(t, tt.reason, made.Dialog.Name, tt.name)
	}
}
