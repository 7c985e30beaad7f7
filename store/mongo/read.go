package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// These are the fields to read of a dialog. The history and the departed users are only
// read when they are needed. listed_for and deleted_for are for indexes only.
var (
	whole = bson.D{
		{Key: fieldHistory, Value: 0},
		{Key: fieldDeparted, Value: 0},
		{Key: fieldListedFor, Value: 0},
		{Key: fieldDeletedFor, Value: 0},
	}
	withDeparted = bson.D{{Key: fieldHistory, Value: 0}, {Key: fieldListedFor, Value: 0}, {Key: fieldDeletedFor, Value: 0}}
	withHistory  = bson.D{{Key: fieldDeparted, Value: 0}, {Key: fieldListedFor, Value: 0}, {Key: fieldDeletedFor, Value: 0}}
	withBoth     = bson.D{{Key: fieldListedFor, Value: 0}, {Key: fieldDeletedFor, Value: 0}}
	// withLatest is whole with the latest record of the history. It names all fields, because
	// not every database accepts $slice beside fields that it must leave out.
	withLatest = bson.D{
		{Key: fieldType, Value: 1},
		{Key: fieldName, Value: 1},
		{Key: fieldPhoto, Value: 1},
		{Key: fieldOwner, Value: 1},
		{Key: fieldOccupants, Value: 1},
		{Key: fieldAdmins, Value: 1},
		{Key: fieldCustom, Value: 1},
		{Key: fieldCreatedAt, Value: 1},
		{Key: fieldUpdatedAt, Value: 1},
		{Key: fieldChangedAt, Value: 1},
		{Key: fieldVersion, Value: 1},
		{Key: fieldDeletedAt, Value: 1},
		{Key: fieldForgetAt, Value: 1},
		{Key: fieldHistory, Value: bson.D{{Key: "$slice", Value: -1}}},
	}
	onlyID = bson.D{{Key: fieldID, Value: 1}}
)

// Dialog reads a dialog.
func (s *Store) Dialog(ctx context.Context, id dialog.ID, history bool) (dialog.Dialog, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.Dialog{}, err
	}
	defer end()
	oid, err := objectID(id)
	if err != nil {
		return dialog.Dialog{}, err
	}
	fields := whole
	if history {
		fields = withHistory
	}
	d, err := s.find(ctx, oid, fields)
	if err == nil && d.Deleted {
		err = dialog.ErrNotFound()
	}
	if err != nil {
		return dialog.Dialog{}, s.fail(ctx, "reading a dialog", err)
	}
	return d, nil
}

// find reads a dialog or its tombstone, or returns [dialog.ErrNotFound].
func (s *Store) find(ctx context.Context, id bson.ObjectID, fields bson.D) (dialog.Dialog, error) {
	doc, found, err := s.lookUp(ctx, id, fields)
	if err != nil {
		return dialog.Dialog{}, err
	}
	if !found {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	return doc.dialog()
}

// lookUp reads a dialog or its tombstone; found is false if there is neither.
func (s *Store) lookUp(ctx context.Context, id bson.ObjectID, fields bson.D) (doc document, found bool, err error) {
	filter := bson.D{{Key: fieldID, Value: id}}
	err = s.dialogs.FindOne(ctx, filter, options.FindOne().SetProjection(fields)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return document{}, false, nil
	}
	return doc, err == nil, err
}

// findAll reads all dialogs that the filter matches.
func (s *Store) findAll(ctx context.Context, filter bson.D, find *options.FindOptionsBuilder) ([]dialog.Dialog, error) {
	cursor, err := s.dialogs.Find(ctx, filter, find)
	if err != nil {
		return nil, err
	}
	var documents []document
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, err
	}
	var list []dialog.Dialog
	for i := range documents {
		d, err := documents[i].dialog()
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
