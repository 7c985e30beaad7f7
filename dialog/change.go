package dialog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// An Optional is a value that may be missing.
type Optional[T any] struct {
	Value T
	Given bool
}

// Some is an Optional with this value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Given: true} }

// A Change is what one update of a dialog asks for, as the caller sent it. The
// zero value of a field asks for nothing.
type Change struct {
	// Name must not be empty when it is given.
	Name Optional[string]
	// Photo must not be empty when it is given. ClearPhoto removes the photo;
	// it can't be combined with Photo.
	Photo      Optional[string]
	ClearPhoto bool

	AddOccupants, RemoveOccupants []UserID
	AddAdmins, RemoveAdmins       []UserID
	NewOwner                      Optional[UserID]
	Custom                        []CustomInput

	// IfVersion makes the change fail unless the dialog has this version.
	IfVersion Optional[int64]
	// IdempotencyKey has 1 to 64 characters when it is given.
	IdempotencyKey Optional[string]

	// Delete deletes the dialog. It can't be combined with other changes.
	Delete bool
}

// A Plan is one well-formed change of one dialog by one caller: everything that
// can be checked without the dialog has been checked. No list has an id twice;
// names and values are in normal form. A Plan is pure: engines read its fields
// to express it in the language of their database.
type Plan struct {
	ID     ID
	Caller Caller
	// Policy is what Decide judges by.
	Policy Policy
	// At is the time of the change, UTC in whole milliseconds.
	At time.Time

	Name Optional[string]
	// Photo removes the photo when it is given and empty.
	Photo                         Optional[string]
	AddOccupants, RemoveOccupants []UserID
	AddAdmins, RemoveAdmins       []UserID
	NewOwner                      UserID // empty for none
	Custom                        []FieldChange
	Delete                        bool

	IfVersion Optional[int64]
	// Key is the idempotency key, empty for none. InputHash is equal for
	// equal inputs only.
	Key, InputHash string
}

// ForgetAt is until when the store remembers what this change ends: a dialog, or
// somebody's part in one.
func (p *Plan) ForgetAt() time.Time { return p.At.Add(p.Policy.SyncKept) }

// newPlan checks the shape of a change: everything that does not need the
// dialog.
func newPlan(ctx context.Context, classes *classCache, policy Policy, caller Caller, id string, c Change, at time.Time) (Plan, error) {
	dialogID, err := ParseID("id", id)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{
		ID: dialogID, Caller: caller, Policy: policy, At: at.UTC().Truncate(time.Millisecond),
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
		return Plan{}, invalid("input", "a deletion cannot be combined with other changes")
	case !asks && !p.Delete:
		return Plan{}, invalid("input", "nothing to change: the input is empty")
	}
	if c.IdempotencyKey.Given {
		p.Key, p.InputHash = c.IdempotencyKey.Value, p.hash()
	}
	return p, nil
}

func (p *Plan) checkTexts(c Change) error {
	if c.Name.Given {
		if err := checkName(c.Name.Value, p.Policy.Limits); err != nil {
			return err
		}
	}
	if c.Photo.Given {
		if err := checkPhoto(c.Photo.Value, p.Policy.Limits); err != nil {
			return err
		}
	}
	if c.ClearPhoto {
		if c.Photo.Given {
			return invalid("photo", "the photo cannot be set and removed in one change")
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
		if *list.to, err = parseUserIDs(list.field, list.from, p.Policy.Limits.IDsPerList); err != nil {
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

// checkContradictions rejects what can't be done and undone in one change.
func (p *Plan) checkContradictions() error {
	for _, pair := range []struct {
		one, other     []UserID
		field, message string
	}{
		{p.RemoveOccupants, p.AddOccupants, "removeOccupants", "cannot be added and removed in one change"},
		{p.RemoveOccupants, p.AddAdmins, "addAdmins", "cannot be removed and appointed as admin in one change"},
		{p.RemoveOccupants, []UserID{p.NewOwner}, "newOwnerId", "cannot be removed and become the owner in one change"},
		{p.RemoveAdmins, p.AddAdmins, "removeAdmins", "cannot be appointed and removed as admin in one change"},
	} {
		if both := Common(pair.one, pair.other); len(both) > 0 {
			return invalidf(pair.field, "user %s %s", Quote(string(both[0])), pair.message)
		}
	}
	return nil
}

func (p *Plan) asksToUpdate() bool {
	return p.Name.Given || p.Photo.Given || len(p.Custom) > 0 || p.asksForPeople()
}

func (p *Plan) asksForPeople() bool {
	return p.NewOwner != "" || len(p.AddOccupants)+len(p.RemoveOccupants)+len(p.AddAdmins)+len(p.RemoveAdmins) > 0
}

// hash is what tells this input from another one with the same key.
func (p *Plan) hash() string {
	return hashOf(p.Name, p.Photo, p.AddOccupants, p.RemoveOccupants, p.AddAdmins, p.RemoveAdmins,
		p.NewOwner, p.Custom, p.Delete, p.IfVersion)
}

func hashOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil { // strings and numbers never fail
		panic("dialog: hashing an input: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func checkPhoto(photo string, limits Limits) error {
	if photo == "" {
		return invalid("photo", "the photo must not be empty; use null to remove it")
	}
	if len(photo) > limits.PhotoBytes {
		return errTooLong("limit-photo", "photo", "the photo", len(photo), "bytes", limits.PhotoBytes)
	}
	return checkText("photo", photo)
}

// MaxKeyLength is the maximum length of an idempotency key, in characters.
const MaxKeyLength = 64

func checkKey(key string) error {
	if n := utf8.RuneCountInString(key); n < 1 || n > MaxKeyLength {
		return invalidf("idempotencyKey", "idempotencyKey must have 1 to %d characters", MaxKeyLength)
	}
	return checkText("idempotencyKey", key)
}
