package dialog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// An Optional tells what was given from what was not.
type Optional[T any] struct {
	Value T
	Given bool
}

// Some is an Optional that was given.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Given: true} }

// A Change is what one update of a dialog asks for, as a caller sent it. The
// zero value of each field asks for nothing.
type Change struct {
	// Name, when given, must not be empty.
	Name Optional[string]
	// Photo, when given, must not be empty; ClearPhoto removes it. Not both.
	Photo      Optional[string]
	ClearPhoto bool

	AddOccupants, RemoveOccupants []UserID
	AddAdmins, RemoveAdmins       []UserID
	NewOwner                      Optional[UserID]
	Custom                        []CustomInput

	// IfVersion refuses the change unless the dialog is at this version.
	IfVersion Optional[int64]
	// IdempotencyKey, when given, has 1 to 64 characters.
	IdempotencyKey Optional[string]

	// Delete deletes the dialog; a change that deletes asks for nothing else.
	Delete bool
}

// A Plan is one well-formed change of one dialog by one caller: all that can
// be judged without the dialog has been. Lists name nobody twice, names and
// values are in normal form. A Plan is pure; an engine reads its fields to
// say the same in its own language.
type Plan struct {
	ID     ID
	Caller Caller
	Limits Limits
	// At is when the change is made, UTC in whole milliseconds.
	At time.Time

	Name Optional[string]
	// Photo, when given and empty, clears the photo.
	Photo                         Optional[string]
	AddOccupants, RemoveOccupants []UserID
	AddAdmins, RemoveAdmins       []UserID
	NewOwner                      UserID // empty for none
	Custom                        []FieldChange
	Delete                        bool

	IfVersion Optional[int64]
	// Key is the idempotency key, empty for none; InputHash tells one input
	// from another.
	Key, InputHash string
}

// newPlan judges the shape of a change: everything that needs no dialog.
func newPlan(ctx context.Context, classes classSource, limits Limits, caller Caller, id string, c Change, at time.Time) (Plan, error) {
	dialogID, err := ParseID("id", id)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{
		ID: dialogID, Caller: caller, Limits: limits, At: at.UTC().Truncate(time.Millisecond),
		Name: c.Name, Photo: c.Photo, NewOwner: c.NewOwner.Value, Delete: c.Delete, IfVersion: c.IfVersion,
	}
	if err := p.checkTexts(c); err != nil {
		return Plan{}, err
	}
	if err := p.checkPeople(c); err != nil {
		return Plan{}, err
	}
	if p.Custom, err = parseCustom(ctx, classes, "customData", c.Custom); err != nil {
		return Plan{}, err
	}
	switch asks := p.asksToUpdate(); {
	case asks && p.Delete:
		return Plan{}, invalid("input", "a change that deletes asks for nothing else")
	case !asks && !p.Delete:
		return Plan{}, invalid("input", "the change asks for nothing")
	}
	if c.IdempotencyKey.Given {
		p.Key, p.InputHash = c.IdempotencyKey.Value, p.hash()
	}
	return p, nil
}

func (p *Plan) checkTexts(c Change) error {
	if c.Name.Given {
		if err := checkName(c.Name.Value, p.Limits); err != nil {
			return err
		}
	}
	if c.Photo.Given {
		if err := checkPhoto(c.Photo.Value, p.Limits); err != nil {
			return err
		}
	}
	if c.ClearPhoto {
		if c.Photo.Given {
			return invalid("photo", "a photo is set or cleared, not both")
		}
		p.Photo = Some("")
	}
	if c.IdempotencyKey.Given {
		return checkKey(c.IdempotencyKey.Value)
	}
	return nil
}

func (p *Plan) checkPeople(c Change) error {
	var err error
	for _, list := range []struct {
		field string
		to    *[]UserID
		from  []UserID
	}{
		{"addOccupants", &p.AddOccupants, c.AddOccupants},
		{"removeOccupants", &p.RemoveOccupants, c.RemoveOccupants},
		{"addAdmins", &p.AddAdmins, c.AddAdmins},
		{"removeAdmins", &p.RemoveAdmins, c.RemoveAdmins},
	} {
		if *list.to, err = parseUserIDs(list.field, list.from, p.Limits.IDsPerList); err != nil {
			return err
		}
	}
	if c.NewOwner.Given {
		if _, err := ParseUserID("newOwnerId", string(c.NewOwner.Value)); err != nil {
			return err
		}
	}
	return p.checkContradictions()
}

// checkContradictions refuses what can't be done and undone in one change.
func (p *Plan) checkContradictions() error {
	switch {
	case len(common(p.RemoveOccupants, p.AddOccupants)) > 0:
		return invalid("removeOccupants", "an id is in both addOccupants and removeOccupants")
	case len(common(p.RemoveOccupants, p.AddAdmins)) > 0:
		return invalid("addAdmins", "an id is in both addAdmins and removeOccupants")
	case slices.Contains(p.RemoveOccupants, p.NewOwner):
		return invalid("newOwnerId", "the new owner is in removeOccupants")
	case len(common(p.RemoveAdmins, p.AddAdmins)) > 0:
		return invalid("removeAdmins", "an id is in both addAdmins and removeAdmins")
	}
	return nil
}

func (p *Plan) asksToUpdate() bool {
	return p.Name.Given || p.Photo.Given || len(p.Custom) > 0 || p.asksForPeople()
}

func (p *Plan) asksForPeople() bool {
	return p.NewOwner != "" || len(p.AddOccupants)+len(p.RemoveOccupants)+len(p.AddAdmins)+len(p.RemoveAdmins) > 0
}

// hash tells this input from another with the same key.
func (p *Plan) hash() string {
	return hashOf(p.Name, p.Photo, p.AddOccupants, p.RemoveOccupants, p.AddAdmins, p.RemoveAdmins,
		p.NewOwner, p.Custom, p.Delete, p.IfVersion)
}

func hashOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil { // strings and numbers can't fail
		panic("dialog: hashing an input: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func checkName(name string, limits Limits) error {
	if name == "" {
		return invalid("name", "a name has at least 1 character")
	}
	if err := checkText("name", name); err != nil {
		return err
	}
	if utf8.RuneCountInString(name) > limits.NameLength {
		return invalidf("name", "a name has at most %d characters", limits.NameLength)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return invalid("name", "a name has no control characters")
		}
	}
	return nil
}

func checkPhoto(photo string, limits Limits) error {
	if photo == "" {
		return invalid("photo", "a photo has at least 1 character; null clears it")
	}
	if len(photo) > limits.PhotoBytes {
		return invalidf("photo", "a photo has at most %d bytes", limits.PhotoBytes)
	}
	return checkText("photo", photo)
}

// MaxKeyLength is the longest idempotency key, in characters.
const MaxKeyLength = 64

func checkKey(key string) error {
	if n := utf8.RuneCountInString(key); n < 1 || n > MaxKeyLength {
		return invalidf("idempotencyKey", "an idempotency key has 1 to %d characters", MaxKeyLength)
	}
	return checkText("idempotencyKey", key)
}
