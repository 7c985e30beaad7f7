package dialog

import (
	"context"
	"time"
)

// A Creation is a dialog that a caller asks for, as he sent it.
type Creation struct {
	Type  Type
	Name  Optional[string]
	Photo Optional[string]
	// Occupants need not name the owner, who is added by himself.
	Occupants, Admins []UserID
	Custom            []CustomInput
	// Owner is required from a server and refused from everyone else.
	Owner Optional[UserID]
	// ID is from a server only.
	ID Optional[string]
	// IdempotencyKey, when given, has 1 to 64 characters.
	IdempotencyKey Optional[string]
}

// A CreatePlan is one well-formed creation.
type CreatePlan struct {
	// Dialog is the dialog that will be: version 1, with its one record.
	Dialog Dialog
	// Actor makes it.
	Actor Actor
	// IDGiven says that the caller chose the id, so that another dialog with
	// it is a Conflict.
	IDGiven bool
	// Key is the idempotency key, empty for none; InputHash tells one input
	// from another.
	Key, InputHash string
}

// Pair is the two users, in byte order, whom a Private dialog is unique for.
func (p *CreatePlan) Pair() (a, b UserID, ok bool) { return p.Dialog.Pair() }

// Pair is the two users, in byte order, whom a Private dialog is unique for.
func (d *Dialog) Pair() (a, b UserID, ok bool) {
	if d.Type != Private || len(d.Occupants) != 2 {
		return "", "", false
	}
	a, b = d.Occupants[0], d.Occupants[1]
	return min(a, b), max(a, b), true
}

// A CreateOutcome is what a creation came to.
type CreateOutcome struct {
	// Dialog is the one made or found. It is a tombstone when the key had
	// been used for a dialog that is deleted by now.
	Dialog Dialog
	// Created is false when the Private dialog of the two was there already,
	// or the key had been used.
	Created bool
}

// CheckReplay compares the input of a creation with that of the one that used
// its key before.
func (p *CreatePlan) CheckReplay(inputHash string) error {
	if p.InputHash != inputHash {
		return errKeyReused()
	}
	return nil
}

// newCreatePlan judges the shape of a creation. fresh is the id to use when
// none is given.
func newCreatePlan(ctx context.Context, classes classSource, limits Limits, caller Caller, c Creation, fresh ID, at time.Time) (CreatePlan, error) {
	at = at.UTC().Truncate(time.Millisecond)
	d := Dialog{ID: fresh, Type: c.Type, Name: c.Name.Value, Photo: c.Photo.Value, CreatedAt: at, UpdatedAt: at, Version: 1}
	var err error
	if d.Owner, err = ownerOf(caller, c); err != nil {
		return CreatePlan{}, err
	}
	if c.ID.Given {
		if caller.Kind() != Server {
			return CreatePlan{}, invalid("id", "only a server that acts for nobody may choose an id")
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
	if d.Custom.Bytes() > limits.CustomBytes {
		return CreatePlan{}, invalidf("customData", "the custom data of a dialog has at most %d bytes", limits.CustomBytes)
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
			return "", invalid("ownerId", "who creates a dialog owns it; only a server that acts for nobody names an owner")
		}
		return caller.User, nil
	}
	if !c.Owner.Given {
		return "", invalid("ownerId", "a server that acts for nobody must name the owner")
	}
	return ParseUserID("ownerId", string(c.Owner.Value))
}

func (d *Dialog) fillTexts(c Creation, limits Limits) error {
	switch d.Type {
	case Private:
		if c.Name.Given {
			return invalid("name", "a private dialog has no name")
		}
		if c.Photo.Given {
			return invalid("photo", "a private dialog has no photo")
		}
		return nil
	case Group, PublicGroup:
		if !c.Name.Given {
			return invalidf("name", "a %s needs a name", d.Type)
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
	return invalid(field, "a dialog is a public group (1), a group (2) or private (3)")
}

func (d *Dialog) fillPeople(c Creation, limits Limits) error {
	others, err := parseUserIDs("occupantIds", c.Occupants, limits.Occupants)
	if err != nil {
		return err
	}
	// One more than may be, as the owner may be named among them.
	admins, err := parseUserIDs("adminIds", c.Admins, limits.Admins+1)
	if err != nil {
		return err
	}
	owner := []UserID{d.Owner}
	others, d.Admins = without(others, owner), without(admins, owner)
	switch d.Type {
	case PublicGroup:
		if len(c.Occupants) > 0 {
			return invalid("occupantIds", "a public group keeps no list of occupants")
		}
	case Private:
		if len(admins) > 0 {
			return invalid("adminIds", "a private dialog has no admins")
		}
		if len(others) != 1 {
			return invalid("occupantIds", "a private dialog has exactly one other occupant")
		}
		d.Occupants = append([]UserID{d.Owner}, others...)
		return nil
	case Group:
		d.Occupants = append([]UserID{d.Owner}, others...)
		if len(d.Occupants) > limits.Occupants {
			return invalidf("occupantIds", "a dialog has at most %d occupants", limits.Occupants)
		}
	}
	if len(d.Admins) > limits.Admins {
		return invalidf("adminIds", "a dialog has at most %d admins", limits.Admins)
	}
	if d.Type == Group && len(without(d.Admins, d.Occupants)) > 0 {
		return invalid("adminIds", "an admin will not be an occupant")
	}
	return nil
}
