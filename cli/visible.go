package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// visible is a text from an external source as a terminal can show it: control
// characters, those that change the direction of writing, and bytes that are not
// UTF-8 are escaped.
func visible(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

// visibleLines is visible, but keeps the ends of lines.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}

// writeLines writes each of a list as a line of JSON.
func writeLines[T, J any](w io.Writer, list []T, line func(*T) J) error {
	for i := range list {
		if err := writeVisible(w, line(&list[i])); err != nil {
			return err
		}
	}
	return nil
}

// writeVisible writes a line of JSON in which every character that cannot be
// printed is escaped.
func writeVisible(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range string(text) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	_, err = fmt.Fprintln(w, b.String())
	return err
}
