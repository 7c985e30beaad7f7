package quickblox

import (
	"errors"
	"fmt"
	"io"
	"maps"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"dialogs/api"
	"dialogs/dialog"
)

// A Reader reads dialogs out of what QuickBlox answers: pages of a list, lists
// of dialogs, or dialogs one after another (JSON Lines), in any mixture. It
// holds one dialog at a time.
type Reader struct {
	d *jsontext.Decoder
	// page are the members so far of the object that is being read, nil
	// outside of one, and listed says that its items were among them.
	page   map[string]jsontext.Value
	listed bool
	inList bool
	total  int
}

// NewReader reads JSON texts.
func NewReader(r io.Reader) *Reader { return &Reader{d: jsontext.NewDecoder(r)} }

// Total is how many dialogs there are by what the pages so far say; 0 when
// they don't.
func (r *Reader) Total() int { return r.total }

// Next is the next dialog, and [io.EOF] behind the last. An error of the code
// [dialog.Invalid] is about one dialog, of which the id is given as far as it
// can be read, and the next can be asked for; every other ends the reading.
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
			if err != nil {
				return dialog.Foreign{}, r.broken(err)
			}
			return foreignOf(value)
		case r.page != nil:
			whole, err := r.member()
			if err != nil {
				return dialog.Foreign{}, err
			}
			if whole != nil {
				return foreign(whole)
			}
		default:
			if err := r.begin(); err != nil {
				return dialog.Foreign{}, err
			}
		}
	}
}

// begin begins the next text.
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
		r.page, r.listed = map[string]jsontext.Value{}, false
	default:
		return r.broken(errors.New("neither a list nor an object"))
	}
	return nil
}

// member reads one member of an object, or its end: the object is returned
// when it had no items, and so is a dialog itself.
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
	if name == "total_entries" {
		var total int
		if jsonv2.Unmarshal(value, &total) == nil {
			r.total = max(r.total, total)
		}
	}
	r.page[name] = value.Clone()
	return nil, nil
}

// broken says where the text is broken.
func (r *Reader) broken(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the text ends in the middle, behind byte %d", r.d.InputOffset())
	}
	return fmt.Errorf("byte %d: %w", r.d.InputOffset(), err)
}

func foreignOf(value jsontext.Value) (dialog.Foreign, error) {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(value, &members); err != nil || members == nil {
		return dialog.Foreign{}, dialog.InvalidInput("", "a dialog is an object")
	}
	return foreign(members)
}

// known are the members of a dialog that say something which is kept here.
var known = []string{"_id", "type", "name", "photo", "user_id", "occupants_ids", "admins_ids", "admin_ids", "created_at", "updated_at", "data"}

func foreign(members map[string]jsontext.Value) (dialog.Foreign, error) {
	p := params{}
	for _, name := range known {
		raw, ok := members[name]
		if !ok {
			continue
		}
		var value any
		if err := api.UnmarshalExact(raw, &value); err != nil {
			return dialog.Foreign{}, dialog.InvalidInput("", name+": "+err.Error())
		}
		p[name] = value
	}
	f, err := p.foreign()
	var own *api.Refusal
	if errors.As(err, &own) {
		err = dialog.InvalidInput("", own.Field+": "+own.Message)
	}
	return f, err
}

// foreign reads a dialog as QuickBlox shows it.
func (p params) foreign() (f dialog.Foreign, err error) {
	if f.ID, _, err = p.takeText("_id"); err != nil {
		return f, err
	}
	if f.CreatedAt, err = instant(p["created_at"], "created_at"); err != nil {
		return f, err
	}
	f.UpdatedAt = f.CreatedAt
	if p["updated_at"] != nil {
		if f.UpdatedAt, err = instant(p["updated_at"], "updated_at"); err != nil {
			return f, err
		}
	}
	maps.DeleteFunc(p, func(name string, _ any) bool { return name == "created_at" || name == "updated_at" })
	if admins, ok := p["admins_ids"]; ok { // as some of their pages call it
		if p["admin_ids"] == nil {
			p["admin_ids"] = admins
		}
		delete(p, "admins_ids")
	}
	id := f.ID
	f.Creation, err = creationOf(p)
	f.ID = id
	switch f.Type {
	case dialog.Private: // whose name and photo are the other user's
		f.Name, f.Photo, f.Admins = dialog.Optional[string]{}, dialog.Optional[string]{}, nil
	case dialog.PublicGroup:
		f.Occupants = nil
	case dialog.Group:
	}
	return f, err
}

// Explain says why a dialog was refused, in the words of this door.
func Explain(err error) string {
	var known *dialog.Error
	if !errors.As(err, &known) {
		return err.Error()
	}
	if field := spelled(known.Field); field != "" {
		return field + ": " + known.Message
	}
	return known.Message
}
