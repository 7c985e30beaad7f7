package api

import (
	"bytes"
	"encoding/json"
	"errors"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"dialogs/dialog"
)

// exactNumbers keeps numbers as they were written, as [json.Number].
var exactNumbers = jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, v *any) error {
	if d.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	raw, err := d.ReadValue()
	*v = json.Number(raw)
	return err
}))

// byteOrderMark is what some programs on Windows put before UTF-8. RFC 8259
// lets readers of JSON ignore it.
var byteOrderMark = []byte("\uFEFF")

// UnmarshalExact reads one JSON value into v. Numbers become [json.Number], and
// a byte order mark before the value is ignored. Invalid UTF-8, lone
// surrogates, names given twice and whatever follows the value are errors.
func UnmarshalExact(data []byte, v any) error {
	return jsonv2.Unmarshal(bytes.TrimPrefix(data, byteOrderMark), v, exactNumbers)
}

// MarshalPlain is [dialog.MarshalPlain], for packages that do not know the
// domain.
func MarshalPlain(v any) ([]byte, error) { return dialog.MarshalPlain(v) }
