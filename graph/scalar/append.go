package scalar

import (
	"io"
	"strconv"
	"time"

	"dialogs/dialog"
)

// text is a value as it is written.
type text []byte

// MarshalGQL writes the value.
func (t text) MarshalGQL(w io.Writer) { _, _ = w.Write(t) }

const hexDigits = "0123456789ABCDEF"

// AppendString appends a string, an id or the name of an enum's value in quotes.
func AppendString(to []byte, s string) []byte {
	to = append(to, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\t':
			to = append(to, `\t`...)
		case '\r':
			to = append(to, `\r`...)
		case '\n':
			to = append(to, `\n`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	to = append(to, s[start:]...)
	return append(to, '"')
}

// AppendInt appends a whole number.
func AppendInt(to []byte, n int) []byte { return strconv.AppendInt(to, int64(n), 10) }

// AppendBoolean appends true or false.
func AppendBoolean(to []byte, b bool) []byte { return strconv.AppendBool(to, b) }

// AppendDateTime appends an instant in UTC with millisecond precision.
func AppendDateTime(to []byte, t time.Time) []byte {
	to = append(to, '"')
	to = t.UTC().AppendFormat(to, dialog.TimeFormat)
	return append(to, '"')
}
