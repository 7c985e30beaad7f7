package api

import (
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

// UnmarshalExact reads one JSON value into v. Numbers become [json.Number].
// Invalid UTF-8, lone surrogates, names given twice and whatever follows the
// value are errors.
func UnmarshalExact(data []byte, v any) error {
	return jsonv2.Unmarshal(data, v, exactNumbers)
}

// MarshalPlain is [dialog.MarshalPlain], for packages that know no domain.
func MarshalPlain(v any) ([]byte, error) { return dialog.MarshalPlain(v) }
