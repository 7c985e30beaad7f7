package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// changes collects what an update does, by operator.
type changes struct {
	sets, unsets, incs, adds, pulls, renames, pushes, removes bson.D
}

func (c *changes) set(field string, value any) {
	c.sets = append(c.sets, bson.E{Key: field, Value: value})
}

func (c *changes) unset(field string) {
	c.unsets = append(c.unsets, bson.E{Key: field, Value: ""})
}

func (c *changes) inc(field string, by int) {
	c.incs = append(c.incs, bson.E{Key: field, Value: by})
}

func (c *changes) addToSet(field string, list any) {
	c.adds = append(c.adds, bson.E{Key: field, Value: bson.D{{Key: "$each", Value: list}}})
}

func (c *changes) pullAll(field string, list any) {
	c.pulls = append(c.pulls, bson.E{Key: field, Value: list})
}

func (c *changes) name(name string) {
	c.set(fieldName, name)
	c.set(fieldNameFolded, dialog.NameKey(name))
}

func (c *changes) photo(photo string) {
	if photo == "" {
		c.unset(fieldPhoto)
		return
	}
	c.set(fieldPhoto, photo)
}

// field sets or removes a custom field, and returns its native value: nil when it
// is removed.
func (c *changes) field(change dialog.FieldChange) (any, error) {
	path := customPath(change.Class, change.Field)
	if change.Value == "" {
		c.unset(path)
		return nil, nil // MongoDB compares a missing field as null
	}
	value, err := toBSON(change.Value)
	if err != nil {
		return nil, err
	}
	c.set(path, value)
	return value, nil
}

// delete makes the dialog a tombstone: it is in no list, and removed when it is
// forgotten.
func (c *changes) delete(at, forgetAt time.Time) {
	c.set(fieldDeletedAt, millis(at))
	c.set(fieldForgetAt, millis(forgetAt))
	c.renames = append(c.renames, bson.E{Key: fieldListedFor, Value: fieldDeletedFor})
}

// list changes an array without repetitions into another. When adding or removing
// alone is enough, only those elements are sent.
func list[T comparable](c *changes, field string, before, after []T) {
	added, removed := dialog.Without(after, before), dialog.Without(before, after)
	switch {
	case len(added) == 0 && len(removed) == 0:
	case len(removed) == 0:
		c.addToSet(field, added)
	case len(added) == 0:
		c.pullAll(field, removed)
	default:
		c.set(field, after)
	}
}

// update is the whole update, with what every change does: the version, the time
// of both clocks, and the record.
func (c *changes) update(r *dialog.Record) bson.D {
	var update bson.D
	add := func(operator string, fields bson.D) {
		if len(fields) > 0 {
			update = append(update, bson.E{Key: operator, Value: fields})
		}
	}
	add("$set", c.sets)
	add("$unset", c.unsets)
	add("$addToSet", c.adds)
	add("$pullAll", c.pulls)
	add("$pull", c.removes)
	add("$rename", c.renames)
	add("$inc", append(bson.D{{Key: fieldVersion, Value: int64(1)}}, c.incs...))
	add("$max", bson.D{{Key: fieldUpdatedAt, Value: millis(r.At)}})
	add("$currentDate", bson.D{{Key: fieldChangedAt, Value: true}})
	add("$push", append(c.pushes, bson.E{Key: fieldHistory, Value: bson.D{
		{Key: "$each", Value: []record{toRecord(r)}},
		{Key: "$slice", Value: -dialog.HistoryKept},
	}}))
	return update
}
