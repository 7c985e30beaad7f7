package quickblox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"dialogs/api"
	"dialogs/dialog"
)

// A Reader reads dialogs from QuickBlox's answers: pages of a list, lists of
// dialogs, or dialogs one after another (JSON Lines), in any mixture. It keeps
// one dialog in memory at a time.
type Reader struct {
	d *jsontext.Decoder
	// page has the members so far of the object that is being read, nil
	// outside of one; listed tells that its items were among them.
	page   map[string]jsontext.Value
	kept   int // bytes in page, with the names of all members
	listed bool
	inList bool
	total  int
	number int // of the dialog that is being read, from 1
}

// MaxDialogBytes is the largest dialog, or member of a page beside its items,
// that a Reader reads: far more than any limit of dialogs allows.
const MaxDialogBytes = 4 << 20

// NewReader reads JSON texts.
func NewReader(r io.Reader) *Reader {
	source := &bounded{Reader: r}
	source.d = jsontext.NewDecoder(source)
	return &Reader{d: source.d, number: 1}
}

// bounded keeps a decoder from reading more than one dialog ahead: it holds a
// value in memory until the end of it.
type bounded struct {
	io.Reader
	d    *jsontext.Decoder
	read int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read-b.d.InputOffset() > MaxDialogBytes {
		return 0, errTooLarge
	}
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	return n, err
}

var errTooLarge = errors.New("too large")

// Total is how many dialogs there are according to the pages so far; 0 when
// they don't tell.
func (r *Reader) Total() int { return r.total }

// Next is the next dialog, and [io.EOF] after the last. An error of the code
// [dialog.Invalid] concerns one dialog, whose id is returned if it can be read;
// reading can continue with the next one. Every other error ends the reading.
func (r *Reader) Next() (dialog.Foreign, error) {
	for {
		switch {
		case r.inList:
			if r.d.PeekKind() == ']' {
				r.inList = false
				if _, err := r.d.ReadToken(); err != nil {
					return dialog.Foreign{}, r.broken(err)
				}
				continue
			}
			value, err := r.d.ReadValue()
			if err == nil && len(value) > MaxDialogBytes {
				err = errTooLarge
			}
			if err != nil {
				return dialog.Foreign{}, r.broken(err)
			}
			r.number++
			return foreignOf(value)
		case r.page != nil:
			whole, err := r.member()
			if err != nil {
				return dialog.Foreign{}, err
			}
			if whole != nil {
				r.number++
				return foreign(whole)
			}
		default:
			if err := r.begin(); err != nil {
				return dialog.Foreign{}, err
			}
		}
	}
}

// begin starts to read the next JSON text.
func (r *Reader) begin() error {
	token, err := r.d.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return r.broken(err)
	case token.Kind() == '[':
		r.inList = true
	case token.Kind() == '{':
		r.page, r.kept, r.listed = map[string]jsontext.Value{}, 0, false
	default:
		return r.broken(errors.New("must be a list or an object"))
	}
	return nil
}

// member reads one member of an object, or its end. The object is returned when
// it had no items: it is a dialog itself.
func (r *Reader) member() (whole map[string]jsontext.Value, err error) {
	token, err := r.d.ReadToken()
	if err != nil {
		return nil, r.broken(err)
	}
	if token.Kind() == '}' {
		if !r.listed {
			whole = r.page
		}
		r.page = nil
		return whole, nil
	}
	name := token.String()
	if name == "items" && r.d.PeekKind() == '[' {
		r.listed, r.inList = true, true
		_, err := r.d.ReadToken()
		return nil, r.broken(err)
	}
	value, err := r.d.ReadValue()
	if err != nil {
		return nil, r.broken(err)
	}
	r.kept += len(name)
	if slices.Contains(known, name) {
		r.kept += len(value)
		r.page[name] = value.Clone()
	}
	if r.kept > MaxDialogBytes {
		return nil, r.broken(errTooLarge)
	}
	if name == "total_entries" {
		var total int
		if jsonv2.Unmarshal(value, &total) == nil {
			r.total = max(r.total, total)
		}
	}
	return nil, nil
}

// broken says where the text is malformed.
func (r *Reader) broken(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errTooLarge) {
		id := ""
		if text, err := jsontext.AppendUnquote(nil, r.page["_id"]); err == nil && len(text) > 0 {
			id = " (" + dialog.Quote(string(text)) + ")"
		}
		return fmt.Errorf("dialog number %d%s, starting at byte %d: too large (limit %d bytes)", r.number, id, r.d.InputOffset(), MaxDialogBytes)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("unexpected end of input after byte %d", r.d.InputOffset())
	}
	return fmt.Errorf("byte %d: %w", r.d.InputOffset(), err)
}

func foreignOf(value jsontext.Value) (dialog.Foreign, error) {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(value, &members); err != nil || members == nil {
		return dialog.Foreign{}, dialog.InvalidInput("", "a dialog must be an object")
	}
	return foreign(members)
}

// known are the members of a dialog that are stored here.
var known = []string{"_id", "type", "name", "photo", "user_id", "occupants_ids", "admins_ids", "admin_ids", "created_at", "updated_at", "data"}

func foreign(members map[string]jsontext.Value) (dialog.Foreign, error) {
	p := newParams(map[string]any{})
	for _, name := range known {
		raw, ok := members[name]
		if !ok {
			continue
		}
		value, err := valueOf(raw)
		if err != nil {
			return dialog.Foreign{}, dialog.InvalidInput("", name+": "+err.Error())
		}
		p.values[name] = value
	}
	f, err := p.foreign()
	var own *api.Refusal
	if errors.As(err, &own) {
		err = dialog.InvalidInput("", own.Field+": "+own.Message)
	}
	return f, err
}

// valueOf is what [api.UnmarshalExact] reads from a value that is known to be correct. Most
// members of most dialogs are such that their text is the value: reading them takes half of
// the time this way.
func valueOf(raw jsontext.Value) (value any, err error) {
	switch raw.Kind() {
	case jsontext.KindNull:
		return value, err
	case jsontext.KindNumber:
		return json.Number(raw), nil
	case jsontext.KindString:
		if !bytes.ContainsRune(raw, '\\') {
			return string(raw[1 : len(raw)-1]), nil
		}
	default:
	}
	err = api.UnmarshalExact(raw, &value)
	return value, err
}

// foreign reads a dialog as QuickBlox shows it.
func (p params) foreign() (f dialog.Foreign, err error) {
	if f.ID, _, err = p.takeText("_id"); err != nil {
		return f, err
	}
	createdAt, _ := p.take("created_at")
	if f.CreatedAt, err = instant(createdAt, "created_at"); err != nil {
		return f, err
	}
	f.UpdatedAt = f.CreatedAt
	if updatedAt, _ := p.take("updated_at"); updatedAt != nil {
		if f.UpdatedAt, err = instant(updatedAt, "updated_at"); err != nil {
			return f, err
		}
	}
	if admins, _ := p.take("admins_ids"); admins != nil && p.values["admin_ids"] == nil {
		p.values["admin_ids"] = admins // as some of QuickBlox's pages spell it
	}
	id := f.ID
	f.Creation, err = creationOf(p, true)
	f.ID = id
	if f.Type == dialog.Private {
		f.Admins = nil
	}
	return f, err
}

// Explain says why a dialog was refused, with the parameters of this API.
func Explain(err error) string {
	var known *dialog.Error
	if !errors.As(err, &known) {
		return err.Error()
	}
	if field := new(fate).spelled(known.Field); field != "" {
		return field + ": " + known.Message
	}
	return known.Message
}
