package cli

import (
	"context"
	"io"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"
)

// A jsonHandler writes records as [slog.JSONHandler] does. It takes less time for records
// whose values are plain texts, numbers and lists of texts, as in the line of a request;
// it leaves all others to that handler.
type jsonHandler struct {
	slog.Handler // for other records, and with attributes or groups of its own
	to           io.Writer
	buffers      *sync.Pool // of *[]byte, for lines of usual length
}

// newJSONHandler writes to a writer that several goroutines may use.
func newJSONHandler(to io.Writer, options *slog.HandlerOptions) jsonHandler {
	return jsonHandler{slog.NewJSONHandler(to, options), to, &sync.Pool{New: func() any { return new(make([]byte, 0, usualLine)) }}}
}

// usualLine is room for the line of a request, and longestLine is the longest one whose
// buffer is kept.
const (
	usualLine   = 512
	longestLine = 4 << 10
)

// Handle writes one record.
func (h jsonHandler) Handle(ctx context.Context, r slog.Record) error {
	buffer, _ := h.buffers.Get().(*[]byte)
	line, ok := appendRecord((*buffer)[:0], &r)
	if !ok {
		h.buffers.Put(buffer)
		return h.Handler.Handle(ctx, r)
	}
	_, err := h.to.Write(line)
	if cap(line) <= longestLine {
		*buffer = line
		h.buffers.Put(buffer)
	}
	return err
}

// appendRecord appends the line of a record; not ok if it has a value that is not plain.
func appendRecord(line []byte, r *slog.Record) (_ []byte, ok bool) {
	if r.Time.IsZero() || r.Time.Year() < 1000 || r.Time.Year() > 9999 {
		return line, false
	}
	line = append(line, `{"time":"`...)
	line = r.Time.AppendFormat(line, time.RFC3339Nano)
	line = append(line, `","level":"`...)
	line = append(line, r.Level.String()...)
	line = append(line, `","msg":`...)
	if line, ok = appendText(line, r.Message); !ok {
		return line, false
	}
	r.Attrs(func(a slog.Attr) bool {
		line = append(line, ',')
		if line, ok = appendText(line, a.Key); ok {
			line, ok = appendValue(append(line, ':'), a.Value)
		}
		return ok
	})
	return append(line, '}', '\n'), ok
}

func appendValue(line []byte, v slog.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case slog.KindString:
		return appendText(line, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(line, v.Int64(), 10), true
	case slog.KindFloat64:
		const least, most = 1e-6, 1e21 // others have an exponent
		f := v.Float64()
		if abs := math.Abs(f); f != 0 && (abs < least || abs >= most) || math.IsNaN(f) {
			return line, false
		}
		return strconv.AppendFloat(line, f, 'f', -1, 64), true
	case slog.KindBool:
		return strconv.AppendBool(line, v.Bool()), true
	case slog.KindAny:
		if list, isTexts := v.Any().([]string); isTexts {
			return appendTexts(line, list)
		}
	}
	return line, false
}

func appendTexts(line []byte, list []string) (_ []byte, ok bool) {
	if list == nil {
		return line, false
	}
	line = append(line, '[')
	for i, text := range list {
		if i > 0 {
			line = append(line, ',')
		}
		if line, ok = appendText(line, text); !ok {
			return line, false
		}
	}
	return append(line, ']'), true
}

// appendText appends a text; not ok if it needs escapes, or is not ASCII.
func appendText(line []byte, text string) (_ []byte, ok bool) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return line, false
		}
	}
	line = append(line, '"')
	line = append(line, text...)
	return append(line, '"'), true
}
