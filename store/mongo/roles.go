package mongo

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
)

// allowed returns the rule table as a condition on the dialog. It matches dialogs in which
// the caller may do everything that the plan requires, if the plan removes neither the
// owner nor an admin. ok is false if no type of dialog allows it.
func allowed(p *dialog.Plan) (condition bson.D, ok bool) {
	var types bson.A
	for _, t := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
		sets, ok := p.Required(t)
		if !ok {
			continue
		}
		all := bson.A{bson.D{{Key: fieldType, Value: t}}}
		for _, set := range narrowest(sets) {
			all = append(all, holds(p.Caller.User, set))
		}
		types = append(types, and(all))
	}
	return or(types), len(types) > 0
}

// holds is the condition that the user has one of the roles. It ignores Outsider: for a
// caller who has only that role, the update takes several steps.
func holds(user dialog.UserID, set dialog.Roles) bson.D {
	var any bson.A
	for _, role := range []struct {
		role  dialog.Roles
		field string
	}{
		{dialog.Owner, fieldOwner},
		{dialog.Admin, fieldAdmins},
		{dialog.Occupant, fieldOccupants},
	} {
		if set&role.role != 0 {
			any = append(any, bson.D{{Key: role.field, Value: user}})
		}
	}
	if len(any) == 0 {
		return never()
	}
	return or(any)
}

// narrowest leaves out sets that follow from another one.
func narrowest(sets []dialog.Roles) []dialog.Roles {
	var kept []dialog.Roles
	for i, set := range sets {
		implied := false
		for j, other := range sets {
			implied = implied || other&^set == 0 && (other != set || j < i)
		}
		if !implied {
			kept = append(kept, set)
		}
	}
	return kept
}

func and(conditions bson.A) bson.D { return join("$and", conditions) }
func or(conditions bson.A) bson.D  { return join("$or", conditions) }

// join combines conditions; a single one needs no operator.
func join(operator string, conditions bson.A) bson.D {
	if len(conditions) == 1 {
		if only, ok := conditions[0].(bson.D); ok {
			return only
		}
	}
	return bson.D{{Key: operator, Value: conditions}}
}

// never is a condition that no dialog matches.
func never() bson.D { return bson.D{{Key: fieldVersion, Value: bson.D{{Key: "$lt", Value: 0}}}} }
