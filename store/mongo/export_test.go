package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// What tests see of the inside.
var (
	ToBSON   = toBSON
	FromBSON = fromBSON
)

// Look reads a dialog with its history, or its tombstone.
func Look(ctx context.Context, s dialog.Store, id dialog.ID) (dialog.Dialog, error) {
	oid, err := objectID(id)
	if err != nil {
		return dialog.Dialog{}, err
	}
	return s.(*Store).find(ctx, oid, withHistory)
}

// MakeIndexes makes the indexes of the dialogs, and waits for it.
func MakeIndexes(ctx context.Context, db *driver.Database) error {
	return makeIndexes(ctx, db.Collection("dialogs"), dialogIndexes())
}

// Straight is the filter and update of a plan that one command can say.
func Straight(p dialog.Plan) (filter, update bson.D, ok bool, err error) { return straight(&p) }
