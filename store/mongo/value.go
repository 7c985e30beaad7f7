package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// toBSON converts a custom value to a native one, so that other programs can query and
// read it. Whole numbers become int64 if they fit; other numbers become doubles.
func toBSON(v dialog.Value) (any, error) {
	decoded, err := v.Decode()
	if err != nil {
		return nil, err
	}
	return nativeNumbers(decoded)
}

func nativeNumbers(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if whole, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return whole, nil
		}
		return v.Float64()
	case []any:
		list := make(bson.A, len(v))
		for i, element := range v {
			var err error
			if list[i], err = nativeNumbers(element); err != nil {
				return nil, err
			}
		}
		return list, nil
	case bool, string:
		return v, nil
	}
	return nil, errors.New("a custom value has a type that no field has")
}

// fromBSON converts a native value back to its normal form.
func fromBSON(v bson.RawValue) (dialog.Value, error) {
	var text bytes.Buffer
	if err := appendJSON(&text, v); err != nil {
		return "", err
	}
	return dialog.Value(text.String()), nil
}

func appendJSON(text *bytes.Buffer, v bson.RawValue) error {
	switch v.Type {
	case bson.TypeBoolean:
		text.WriteString(strconv.FormatBool(v.Boolean()))
	case bson.TypeInt64:
		text.WriteString(strconv.FormatInt(v.Int64(), 10))
	case bson.TypeInt32: // written by another program
		text.WriteString(strconv.FormatInt(int64(v.Int32()), 10))
	case bson.TypeDouble:
		return appendPlain(text, v.Double())
	case bson.TypeString:
		return appendPlain(text, v.StringValue())
	case bson.TypeArray:
		elements, err := v.Array().Values()
		if err != nil {
			return err
		}
		text.WriteByte('[')
		for i, element := range elements {
			if i > 0 {
				text.WriteByte(',')
			}
			if err := appendJSON(text, element); err != nil {
				return err
			}
		}
		text.WriteByte(']')
	default:
		return fmt.Errorf("a custom value has the BSON type %s", v.Type)
	}
	return nil
}

// appendPlain writes a string or number in the domain's normal form.
func appendPlain(text *bytes.Buffer, v any) error {
	plain, err := dialog.MarshalPlain(v)
	text.Write(plain)
	return err
}

// customToBSON is the custom data as a document of documents.
func customToBSON(custom dialog.CustomData) (bson.M, error) {
	all := bson.M{}
	for class, fields := range custom {
		values := bson.M{}
		for field, value := range fields {
			native, err := toBSON(value)
			if err != nil {
				return nil, err
			}
			values[field] = native
		}
		all[class] = values
	}
	return all, nil
}

// customFromBSON leaves out classes without fields.
func customFromBSON(raw bson.Raw) (dialog.CustomData, error) {
	classes, err := raw.Elements()
	if err != nil || len(classes) == 0 {
		return nil, err
	}
	custom := dialog.CustomData{}
	for _, class := range classes {
		document, ok := class.Value().DocumentOK()
		if !ok {
			return nil, fmt.Errorf("the custom class %s is not a document", class.Key())
		}
		fields, err := document.Elements()
		if err != nil {
			return nil, err
		}
		if len(fields) == 0 {
			continue
		}
		values := make(map[string]dialog.Value, len(fields))
		for _, field := range fields {
			if values[field.Key()], err = fromBSON(field.Value()); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", class.Key(), field.Key(), err)
			}
		}
		custom[class.Key()] = values
	}
	if len(custom) == 0 {
		return nil, nil
	}
	return custom, nil
}

func customPath(class, field string) string { return fieldCustom + "." + class + "." + field }
