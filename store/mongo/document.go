package mongo

import (
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// The fields of a dialog's document, for filters and updates.
const (
	fieldID          = "_id"
	fieldType        = "type"
	fieldName        = "name"
	fieldNameFolded  = "name_folded"
	fieldPhoto       = "photo"
	fieldOwner       = "owner_id"
	fieldOccupants   = "occupant_ids"
	fieldAdmins      = "admin_ids"
	fieldListedFor   = "listed_for"
	fieldCustom      = "custom_data"
	fieldCustomBytes = "custom_bytes"
	fieldCreatedAt   = "created_at"
	fieldUpdatedAt   = "updated_at"
	// fieldChangedAt is the time of the last write by the database's clock, which finds
	// recent changes. updated_at is not suitable for that, because it comes from the
	// clocks of many instances.
	fieldChangedAt   = "changed_at"
	fieldVersion     = "version"
	fieldDeletedAt   = "deleted_at"
	fieldForgetAt    = "forget_at"
	fieldDeletedFor  = "deleted_for"
	fieldDeparted    = "departed"
	fieldCreatedWith = "created_with"
	fieldHistory     = "history"
)

// A document is a stored dialog.
type document struct {
	ID         bson.ObjectID `bson:"_id,omitempty"`
	Type       dialog.Type   `bson:"type"`
	Name       string        `bson:"name,omitempty"`
	NameFolded string        `bson:"name_folded"`
	Photo      string        `bson:"photo,omitempty"`
	// Owner, Occupants and Admins are the fields that the rules use.
	Owner     dialog.UserID   `bson:"owner_id"`
	Occupants []dialog.UserID `bson:"occupant_ids,omitempty"`
	Admins    []dialog.UserID `bson:"admin_ids,omitempty"`
	// ListedFor is only for queries of lists, see listedFor. It is never read.
	ListedFor bson.A `bson:"listed_for,omitempty"`
	// Custom has the native value of each field, by class and field.
	Custom bson.Raw `bson:"custom_data,omitempty"`
	// CustomBytes is an upper bound of the size of the custom data: every value
	// that is set increases it. The long way sets it to the exact size.
	CustomBytes int           `bson:"custom_bytes"`
	CreatedAt   bson.DateTime `bson:"created_at"`
	UpdatedAt   bson.DateTime `bson:"updated_at"`
	// ChangedAt is only read: the database sets it.
	ChangedAt bson.DateTime `bson:"changed_at,omitempty"`
	Version   int64         `bson:"version"`
	// DeletedAt marks a tombstone, which a TTL index removes after ForgetAt.
	DeletedAt *bson.DateTime `bson:"deleted_at,omitempty"`
	ForgetAt  *bson.DateTime `bson:"forget_at,omitempty"`
	// DeletedFor is what ListedFor was before the deletion. It is never read.
	DeletedFor bson.A `bson:"deleted_for,omitempty"`
	// Departed are the users who are no longer part of the dialog, the latest last; at most
	// departedMost.
	Departed []departure `bson:"departed,omitempty"`
	// CreatedWith is the key that the dialog was created with. A claim of a
	// key is only valid if its dialog has the same key here.
	CreatedWith *keyClaim `bson:"created_with,omitempty"`
	History     []record  `bson:"history,omitempty"`
}

// A record is a change record. Its version is not stored.
type record struct {
	Kind       dialog.RecordKind `bson:"kind"`
	User       dialog.UserID     `bson:"user,omitempty"`
	APIKey     string            `bson:"api_key,omitempty"`
	At         bson.DateTime     `bson:"at"`
	Changed    []dialog.Aspect   `bson:"changed,omitempty"`
	Joined     []dialog.UserID   `bson:"joined,omitempty"`
	Left       []dialog.UserID   `bson:"left,omitempty"`
	NewAdmins  []dialog.UserID   `bson:"new_admins,omitempty"`
	LostAdmins []dialog.UserID   `bson:"lost_admins,omitempty"`
	Name       string            `bson:"name,omitempty"`
	NewOwner   dialog.UserID     `bson:"new_owner,omitempty"`
	OldOwner   dialog.UserID     `bson:"old_owner,omitempty"`
	Key        string            `bson:"key,omitempty"`
	InputHash  string            `bson:"input_hash,omitempty"`
}

// These values can be in listed_for, like the ids of users. They are numbers, so that they
// are never equal to a user id.
const (
	// everyServer puts a dialog into the lists of servers. Every dialog has it.
	everyServer int32 = 0
	// everyUser puts a dialog into the list of public groups.
	everyUser int32 = 1
)

// listedFor returns in whose lists the dialog is. It repeats the rule [dialog.See]. One
// array serves every scope, and every index of lists starts with it.
func listedFor(d *dialog.Dialog) bson.A {
	if d.Deleted {
		return nil
	}
	list := bson.A{everyServer}
	if d.Type == dialog.PublicGroup {
		list = append(list, everyUser)
	}
	for _, id := range d.Members() {
		list = append(list, id)
	}
	return list
}

func toDocument(d *dialog.Dialog) (document, error) {
	id, err := objectID(d.ID)
	if err != nil {
		return document{}, err
	}
	native, err := customToBSON(d.Custom)
	if err != nil {
		return document{}, err
	}
	doc := document{
		ID: id, Type: d.Type, Name: d.Name, NameFolded: dialog.NameKey(d.Name), Photo: d.Photo,
		Owner: d.Owner, Occupants: d.Occupants, Admins: d.Admins, ListedFor: listedFor(d), CustomBytes: d.Custom.Bytes(),
		CreatedAt: millis(d.CreatedAt), UpdatedAt: millis(d.UpdatedAt), Version: d.Version,
	}
	if d.Deleted {
		forget := millis(d.ForgetAt)
		doc.DeletedAt, doc.ForgetAt = &doc.UpdatedAt, &forget
	}
	if len(native) > 0 {
		if doc.Custom, err = bson.Marshal(native); err != nil {
			return document{}, err
		}
	}
	for i := range d.History {
		doc.History = append(doc.History, toRecord(&d.History[i]))
	}
	return doc, nil
}

func (doc *document) dialog() (dialog.Dialog, error) {
	d := dialog.Dialog{
		ID: dialog.ID(doc.ID.Hex()), Type: doc.Type, Name: doc.Name, Photo: doc.Photo, Owner: doc.Owner,
		Occupants: nilIfEmpty(doc.Occupants), Admins: nilIfEmpty(doc.Admins),
		CreatedAt: instant(doc.CreatedAt), UpdatedAt: instant(doc.UpdatedAt),
		Version: doc.Version, Deleted: doc.DeletedAt != nil,
	}
	switch {
	case doc.ForgetAt != nil:
		d.ForgetAt = instant(*doc.ForgetAt)
	case doc.DeletedAt != nil: // deleted by an older version of this program
		d.ForgetAt = instant(*doc.DeletedAt).Add(dialog.KeyKept)
	}
	var err error
	if d.Custom, err = customFromBSON(doc.Custom); err != nil {
		return dialog.Dialog{}, fmt.Errorf("decoding the custom data of dialog %s: %w", d.ID, err)
	}
	for i := range doc.History {
		d.History = append(d.History, doc.History[i].record())
	}
	d.NumberHistory()
	return d, nil
}

// isPair reports whether this is the Private dialog of these two users.
func (doc *document) isPair(a, b dialog.UserID) bool {
	there := dialog.Dialog{Type: doc.Type, Occupants: doc.Occupants}
	x, y, ok := there.Pair()
	return ok && doc.DeletedAt == nil && x == a && y == b
}

func toRecord(r *dialog.Record) record {
	return record{
		Kind: r.Kind, User: r.Actor.User, APIKey: r.Actor.APIKey, At: millis(r.At), Changed: r.Changed,
		Joined: r.Joined, Left: r.Left, NewAdmins: r.NewAdmins, LostAdmins: r.LostAdmins,
		Name: r.Name, NewOwner: r.NewOwner, OldOwner: r.OldOwner, Key: r.Key, InputHash: r.InputHash,
	}
}

func (r *record) record() dialog.Record {
	return dialog.Record{
		Kind: r.Kind, Actor: dialog.Actor{User: r.User, APIKey: r.APIKey}, At: instant(r.At), Changed: nilIfEmpty(r.Changed),
		Joined: nilIfEmpty(r.Joined), Left: nilIfEmpty(r.Left),
		NewAdmins: nilIfEmpty(r.NewAdmins), LostAdmins: nilIfEmpty(r.LostAdmins),
		Name: r.Name, NewOwner: r.NewOwner, OldOwner: r.OldOwner, Key: r.Key, InputHash: r.InputHash,
	}
}

// objectID returns an error for a text that is not a dialog id.
func objectID(id dialog.ID) (bson.ObjectID, error) {
	oid, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		return bson.ObjectID{}, fmt.Errorf("invalid dialog id %q: %w", id, err)
	}
	return oid, nil
}

func millis(t time.Time) bson.DateTime { return bson.DateTime(t.UnixMilli()) }

func instant(t bson.DateTime) time.Time { return t.Time().UTC() }

func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
