package mongo

import (
	"cmp"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// A class is the stored definition of a custom class.
type class struct {
	Name     string  `bson:"_id"`
	Fields   []field `bson:"fields"`
	Revision int64   `bson:"revision"`
}

type field struct {
	Name string           `bson:"name"`
	Type dialog.FieldType `bson:"type"`
	List bool             `bson:"list,omitempty"`
}

// Classes lists all classes, by name.
func (s *Store) Classes(ctx context.Context) ([]dialog.Class, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []class
	cursor, err := s.classes.Find(ctx, bson.D{})
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "reading the custom classes", err)
	}
	var all []dialog.Class
	for _, c := range stored {
		own := dialog.Class{Name: c.Name, Revision: c.Revision}
		for _, f := range c.Fields {
			own.Fields = append(own.Fields, dialog.Field(f))
		}
		all = append(all, own)
	}
	slices.SortFunc(all, func(a, b dialog.Class) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// SaveClass stores a class if the stored revision is the one before it.
func (s *Store) SaveClass(ctx context.Context, c dialog.Class) (saved bool, err error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	own := class{Name: c.Name, Fields: []field{}, Revision: c.Revision}
	for _, f := range c.Fields {
		own.Fields = append(own.Fields, field(f))
	}
	if c.Revision == 1 {
		_, err = s.classes.InsertOne(ctx, own)
		saved = err == nil
	} else {
		var result *driver.UpdateResult
		before := bson.D{{Key: "_id", Value: c.Name}, {Key: "revision", Value: c.Revision - 1}}
		result, err = s.classes.ReplaceOne(ctx, before, own)
		saved = err == nil && result.MatchedCount == 1
	}
	if driver.IsDuplicateKeyError(err) || isContention(err) {
		return false, nil
	}
	if err != nil {
		return false, s.fail(ctx, "storing a custom class", err)
	}
	return saved, nil
}
