package dialog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// MarshalPlain encodes v as compact JSON without the escapes that only HTML
// needs: "<" stays "<".
func MarshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode returns the JSON value, as encoding/json decodes it: a number is a
// [json.Number] and so keeps all of its digits.
func (v Value) Decode() (any, error) {
	d := json.NewDecoder(strings.NewReader(string(v)))
	d.UseNumber()
	var decoded any
	if err := d.Decode(&decoded); err != nil {
		return nil, fmt.Errorf("invalid JSON in a custom value: %w", err)
	}
	return decoded, nil
}
