package dialog

import (
	"context"
	"time"
)

// A Creation is a dialog that a caller asks for, as they sent it.
type Creation struct {
	Type  Type
	Name  Optional[string]
	Photo Optional[string]
	// Occupants need not include the owner, who is added automatically.
	Occupants, Admins []UserID
	Custom            []CustomInput
	// Owner is required from a server, and invalid from everybody else.
	Owner Optional[UserID]
	// ID can only be chosen by a server.
	ID Optional[string]
	// IdempotencyKey has 1 to 64 characters when it is given.
	IdempotencyKey Optional[string]
}

// A CreatePlan is one well-formed creation.
type CreatePlan struct {
	// Dialog is the dialog to create: version 1, with its one record.
	Dialog Dialog
	// Actor creates it.
	Actor Actor
	// IDGiven means that the caller chose the id: another dialog with the
	// same id is then a Conflict.
	IDGiven bool
	// PublicGroups is how many public groups the owner may have before; 0 for
	// any number. HandedOver is how many of those count because the owner handed
	// them over to others. See [CreatePlan.Receives].
	PublicGroups, HandedOver int
	// Key is the idempotency key, empty for none. InputHash is equal for
	// equal inputs only.
	Key, InputHash string
}

// Pair returns the two users of a Private dialog, in byte order.
func (p *CreatePlan) Pair() (a, b UserID, ok bool) { return p.Dialog.Pair() }

// Pair returns the two users of a Private dialog, in byte order.
func (d *Dialog) Pair() (a, b UserID, ok bool) {
	if d.Type != Private || len(d.Occupants) != 2 {
		return "", "", false
	}
	a, b = d.Occupants[0], d.Occupants[1]
	return min(a, b), max(a, b), true
}

// A CreateOutcome is the result of a creation.
type CreateOutcome struct {
	// Dialog is the dialog that was created or found. It is a tombstone when
	// the key was used before, and its dialog has been deleted since.
	Dialog Dialog
	// Created is false when the two users already had a Private dialog, or
	// the key was used before.
	Created bool
}

// CheckReplay compares the input with that of the creation that used the same
// key before. Another input is [Invalid].
func (p *CreatePlan) CheckReplay(inputHash string) error {
	if p.InputHash != inputHash {
		return errKeyReused()
	}
	return nil
}

// newCreatePlan checks the shape of a creation. generated is the id to use when
// the caller chose none.
func newCreatePlan(ctx context.Context, classes *classCache, limits Limits, caller Caller, c Creation, generated ID, at time.Time) (CreatePlan, error) {
	at = at.UTC().Truncate(time.Millisecond)
	d := Dialog{ID: generated, Type: c.Type, Name: c.Name.Value, Photo: c.Photo.Value, CreatedAt: at, UpdatedAt: at, Version: 1}
	var err error
	if d.Owner, err = ownerOf(caller, c); err != nil {
		return CreatePlan{}, err
	}
	if c.ID.Given {
		if caller.Kind() != Server {
			return CreatePlan{}, invalid("id", "the id can only be chosen with an API key without On-Behalf-Of")
		}
		if d.ID, err = ParseID("id", c.ID.Value); err != nil {
			return CreatePlan{}, err
		}
	}
	if err := d.fillTexts(c, limits); err != nil {
		return CreatePlan{}, err
	}
	if err := d.fillPeople(c, limits); err != nil {
		return CreatePlan{}, err
	}
	custom, err := parseCustom(ctx, classes, "customData", c.Custom)
	if err != nil {
		return CreatePlan{}, err
	}
	d.Custom.apply(custom)
	if n := d.Custom.Bytes(); n > limits.CustomBytes {
		return CreatePlan{}, errTooMuchCustomData(n, limits)
	}
	p := CreatePlan{Actor: caller.Actor(), IDGiven: c.ID.Given}
	if c.IdempotencyKey.Given {
		if err := checkKey(c.IdempotencyKey.Value); err != nil {
			return CreatePlan{}, err
		}
		p.Key = c.IdempotencyKey.Value
		p.InputHash = hashOf(d.Type, d.Name, d.Photo, d.Owner, d.Occupants, d.Admins, custom, c.ID)
	}
	d.History = []Record{{
		Version: 1, Kind: Created, Actor: p.Actor, At: at,
		Joined: d.Occupants, NewAdmins: d.Admins, Key: p.Key, InputHash: p.InputHash,
	}}
	p.Dialog = d
	return p, nil
}

func ownerOf(caller Caller, c Creation) (UserID, error) {
	if caller.Kind() == User {
		if c.Owner.Given {
			return "", invalid("ownerId", "the owner can only be chosen with an API key without On-Behalf-Of")
		}
		return caller.User, nil
	}
	if !c.Owner.Given {
		return "", invalid("ownerId", "the owner must be given when an API key is used without On-Behalf-Of")
	}
	return ParseUserID("ownerId", string(c.Owner.Value))
}

func (d *Dialog) fillTexts(c Creation, limits Limits) error {
	switch d.Type {
	case Private:
		if c.Name.Given {
			return errNoSuchAct(Rename, d.Type, "name")
		}
		if c.Photo.Given {
			return errNoSuchAct(Rename, d.Type, "photo")
		}
		return nil
	case Group, PublicGroup:
		if !c.Name.Given {
			return invalidf("name", "a %s must have a name", d.Type)
		}
		if err := checkName(d.Name, limits); err != nil {
			return err
		}
		if c.Photo.Given {
			return checkPhoto(d.Photo, limits)
		}
		return nil
	}
	return errUnknownType("type")
}

func errUnknownType(field string) error {
	return invalid(field, "unknown type of dialog: use PUBLIC_GROUP (1), GROUP (2) or PRIVATE (3)")
}

func (d *Dialog) fillPeople(c Creation, limits Limits) error {
	others, err := parseUserIDs("occupantIds", c.Occupants, limits.Occupants)
	if err != nil {
		return err
	}
	// One more than the limit, because the owner may be among them.
	admins, err := parseUserIDs("adminIds", c.Admins, limits.Admins+1)
	if err != nil {
		return err
	}
	owner := []UserID{d.Owner}
	others, d.Admins = Without(others, owner), Without(admins, owner)
	switch d.Type {
	case PublicGroup:
		if len(c.Occupants) > 0 {
			return errNoSuchAct(AddOccupants, d.Type, "occupantIds")
		}
	case Private:
		if len(admins) > 0 {
			return errNoSuchAct(ChangeAdmins, d.Type, "adminIds")
		}
		if len(others) != 1 {
			return invalid("occupantIds", "a private dialog must have exactly one other occupant")
		}
		d.Occupants = append([]UserID{d.Owner}, others...)
		return nil
	case Group:
		d.Occupants = append([]UserID{d.Owner}, others...)
		if n := len(d.Occupants); n > limits.Occupants {
			return errTooMany("limit-occupants", "occupantIds", "occupants", n, limits.Occupants)
		}
	}
	if n := len(d.Admins); n > limits.Admins {
		return errTooMany("limit-admins", "adminIds", "admins", n, limits.Admins)
	}
	if d.Type == Group && len(Without(d.Admins, d.Occupants)) > 0 {
		return errAdminOutside("adminIds")
	}
	return nil
}

func errAdminOutside(field string) error {
	return invalid(field, "every admin must also be an occupant")
}

func errTooMuchCustomData(n int, limits Limits) error {
	return limitedBy("limit-custom-data", invalidf("customData", "too much custom data: %d bytes (limit %d)", n, limits.CustomBytes))
}
