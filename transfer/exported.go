package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"dialogs/dialog"
)

// maxLine is the longest line of an export, in bytes. It is far more than the limits of
// dialogs allow.
const maxLine = 16 << 20

// ExportBegins is how the first line of every export begins.
const ExportBegins = `{"dialogsExport":`

// An ExportReader reads the dialogs of an export. It keeps one dialog in memory at a time.
type ExportReader struct {
	lines   *bufio.Reader
	number  int // of the latest line
	dialogs int
	ended   bool
	classes []dialog.Class
	// read is the number of bytes up to the end of the latest line.
	read int64
}

// NewExportReader reads the text of an export.
func NewExportReader(r io.Reader) *ExportReader {
	return &ExportReader{lines: bufio.NewReaderSize(r, 64<<10)}
}

// Classes returns the custom classes that were read since the last call.
func (r *ExportReader) Classes() []dialog.Class {
	classes := r.classes
	r.classes = nil
	return classes
}

// Next returns the next dialog, or [io.EOF] after the end of a complete export. A
// [dialog.Invalid] error concerns only one dialog; reading can continue.
func (r *ExportReader) Next() (dialog.Foreign, error) {
	for {
		line, err := r.line()
		switch {
		case errors.Is(err, io.EOF) && r.ended:
			return dialog.Foreign{}, io.EOF
		case errors.Is(err, io.EOF):
			return dialog.Foreign{}, errors.New("the export is not complete: run dialogs export with the same file again")
		case err != nil:
			return dialog.Foreign{}, fmt.Errorf("line %d: %w", r.number, err)
		case line.Exported == nil:
			continue
		}
		r.dialogs++
		return line.Foreign()
	}
}

// line reads a line and counts it.
func (r *ExportReader) line() (exportLine, error) {
	r.number++
	text, err := r.text()
	if err != nil {
		return exportLine{}, err
	}
	var line exportLine
	if err := json.Unmarshal(text, &line); err != nil {
		return line, fmt.Errorf("not a line of an export: %w", err)
	}
	switch {
	case r.ended:
		return line, errors.New("must not follow the end of the export")
	case r.number == 1 && line.Format != exportFormat:
		return line, fmt.Errorf("an export must have the format %d, not %d", exportFormat, line.Format)
	case line.Class != nil:
		class, err := line.Class.Class()
		if err != nil {
			return line, err
		}
		r.classes = append(r.classes, class)
	case line.End != nil:
		if line.End.Dialogs != r.dialogs {
			return line, fmt.Errorf("the export has %s, although its end says %d: lines are missing", dialog.Counted(r.dialogs, "dialog", "dialogs"), line.End.Dialogs)
		}
		r.ended = true
	}
	return line, nil
}

// text reads a whole line. It returns [io.EOF] if there is none left, or only an
// incomplete one.
func (r *ExportReader) text() ([]byte, error) {
	var whole []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case len(whole) > maxLine:
			return nil, fmt.Errorf("too long (limit %d bytes)", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		}
		r.read += int64(len(whole))
		return bytes.TrimSuffix(whole, []byte("\n")), nil
	}
}

// ReadExportPlace reads how far an export has come. size is the number of its complete
// bytes: an incomplete line may follow them.
func ReadExportPlace(r io.Reader) (at ExportPlace, size int64, err error) {
	e := NewExportReader(r)
	for {
		line, err := e.line()
		switch {
		case errors.Is(err, io.EOF):
			if !at.Begun { // some classes may be missing
				return ExportPlace{}, 0, nil
			}
			at.Classes = e.Classes()
			return at, size, nil
		case err != nil:
			return at, 0, fmt.Errorf("line %d: %w", e.number, err)
		case line.Exported != nil:
			e.dialogs++
			at.After, at.Begun = line.ID, true
		case line.End != nil:
			at.Begun, at.Done = true, true
		}
		at.Dialogs, size = e.dialogs, e.read
	}
}
