package mongo

import (
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// A command is one findAndModify: an update, and the conditions under which it is
// correct.
type command struct {
	conditions bson.A
	changes    changes
	record     dialog.Record
}

// straight expresses the plan as one command. Its filter checks everything that
// Decide would check: if it matches, the update has the same result as Decide.
// It is not ok for a plan that one command can't express. If the filter does
// not match, the reason is unknown, and the plan is executed in several steps. Users who
// stop being part of the dialog do so at departedAt.
func straight(p *dialog.Plan, departedAt time.Time) (filter, update bson.D, ok bool, err error) {
	id, err := objectID(p.ID)
	if err != nil {
		return nil, nil, false, err
	}
	rules, ok := allowed(p)
	if !ok || !expressible(p) {
		return nil, nil, false, nil
	}
	c := command{record: dialog.Record{
		Kind: dialog.Updated, Actor: p.Caller.Actor(), At: p.At, Key: p.Key, InputHash: p.InputHash,
	}}
	c.conditions = bson.A{rules}
	c.require(fieldDeletedAt, nil)
	if p.IfVersion.Given {
		c.require(fieldVersion, p.IfVersion.Value)
	}
	if p.Key != "" {
		c.require(fieldHistory, bson.D{{Key: "$not", Value: bson.D{{Key: "$elemMatch", Value: madeBy(p)}}}})
	}
	c.texts(p)
	c.people(p, departedAt)
	if err := c.custom(p); err != nil {
		return nil, nil, false, err
	}
	if p.Delete {
		c.deletion(p)
	}
	filter = bson.D{{Key: fieldID, Value: id}, {Key: "$and", Value: c.conditions}}
	return filter, c.changes.update(&c.record), true, nil
}

// expressible reports whether one command can do what the plan asks for. Two
// operators can't change the same array, and changes of the owner or the admins
// depend on the dialog after the change.
func expressible(p *dialog.Plan) bool {
	return len(p.AddAdmins)+len(p.RemoveAdmins) == 0 && p.NewOwner == "" &&
		(len(p.AddOccupants) == 0 || len(p.RemoveOccupants) == 0) &&
		len(p.AddOccupants) <= p.Policy.Limits.Occupants && len(p.RemoveOccupants) <= departedMost
}

func (c *command) require(field string, value any) {
	c.conditions = append(c.conditions, bson.D{{Key: field, Value: value}})
}

// madeBy matches the record that the plan's key left, if the same actor used
// it before: [dialog.Actor.Identity] as a condition.
func madeBy(p *dialog.Plan) bson.D {
	key := bson.E{Key: "key", Value: p.Key}
	who := p.Caller.Actor().Identity()
	if who.User != "" {
		return bson.D{key, {Key: "user", Value: who.User}}
	}
	return bson.D{key, {Key: "user", Value: nil}, {Key: "api_key", Value: who.APIKey}}
}

func (c *command) texts(p *dialog.Plan) {
	if p.Name.Given {
		c.require(fieldName, bson.D{{Key: "$ne", Value: p.Name.Value}})
		c.changes.name(p.Name.Value)
		c.record.Name = p.Name.Value
		c.record.Changed = append(c.record.Changed, dialog.AspectName)
	}
	if p.Photo.Given {
		c.require(fieldPhoto, differs(p.Photo.Value))
		c.changes.photo(p.Photo.Value)
		c.record.Changed = append(c.record.Changed, dialog.AspectPhoto)
	}
}

// differs is the condition that a field has another text. The empty text is not
// stored.
func differs(text string) bson.D {
	if text == "" {
		return bson.D{{Key: "$ne", Value: nil}}
	}
	return bson.D{{Key: "$ne", Value: text}}
}

func (c *command) people(p *dialog.Plan, departedAt time.Time) {
	switch add, remove := p.AddOccupants, p.RemoveOccupants; {
	case len(add) > 0:
		c.require(fieldOccupants, bson.D{{Key: "$nin", Value: add}})
		c.require(nth(fieldOccupants, p.Policy.Limits.Occupants-len(add)), exists(false)) // there is room
		c.changes.addToSet(fieldOccupants, add)
		c.changes.addToSet(fieldListedFor, add)
		c.changes.rejoin(add)
		c.record.Joined = add
	case len(remove) > 0:
		c.require(fieldOccupants, bson.D{{Key: "$all", Value: remove}})
		c.require(nth(fieldOccupants, len(remove)), exists(true)) // somebody stays
		c.require(fieldOwner, bson.D{{Key: "$nin", Value: remove}})
		c.require(fieldAdmins, bson.D{{Key: "$nin", Value: remove}})
		c.changes.pullAll(fieldOccupants, remove)
		c.changes.pullAll(fieldListedFor, remove)
		c.require(nth(fieldDeparted, departedMost-len(remove)), exists(false)) // there is room
		c.changes.depart(departures(departedAt, p.ForgetAt(), remove))
		c.record.Left = remove
	default:
		return
	}
	c.record.Changed = append(c.record.Changed, dialog.AspectOccupants)
}

func exists(does bool) bson.D { return bson.D{{Key: "$exists", Value: does}} }

// nth is the path of an element of an array, counted from 0.
func nth(field string, n int) string { return field + "." + strconv.Itoa(n) }

// custom requires that at least one of the fields differs, and that there is room
// for all of the new values, without the room that the old ones free.
func (c *command) custom(p *dialog.Plan) error {
	if len(p.Custom) == 0 {
		return nil
	}
	var any bson.A
	grows := 0
	for _, change := range p.Custom {
		value, err := c.changes.field(change)
		if err != nil {
			return err
		}
		any = append(any, bson.D{{Key: customPath(change.Class, change.Field), Value: bson.D{{Key: "$ne", Value: value}}}})
		grows += len(change.Value)
	}
	c.conditions = append(c.conditions, or(any))
	if grows > 0 {
		c.require(fieldCustomBytes, bson.D{{Key: "$lte", Value: p.Policy.Limits.CustomBytes - grows}})
		c.changes.inc(fieldCustomBytes, grows)
	}
	c.record.Changed = append(c.record.Changed, dialog.AspectCustomData)
	return nil
}

// deletion makes a tombstone.
func (c *command) deletion(p *dialog.Plan) {
	c.changes.delete(p.At, p.ForgetAt())
	c.record.Kind = dialog.Deleted
}
