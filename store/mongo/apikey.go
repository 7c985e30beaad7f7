package mongo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// An apiKey is an API key as it is stored.
type apiKey struct {
	Name      string        `bson:"_id"`
	Hash      []byte        `bson:"sha256"`
	CreatedAt bson.DateTime `bson:"created_at"`
	// The fields from here on are missing in keys from before there were scopes.
	ExpiresAt *bson.DateTime  `bson:"expires_at,omitempty"`
	Note      string          `bson:"note,omitempty"`
	Scopes    dialog.KeyScope `bson:"scopes,omitempty"`
	UsedOn    *bson.DateTime  `bson:"used_on,omitempty"`
}

// AddAPIKey stores a key if no other has its name.
func (s *Store) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	_, err = s.keys.InsertOne(ctx, apiKey{
		Name: k.Name, Hash: k.Hash[:], CreatedAt: millis(k.CreatedAt), ExpiresAt: millisOrNone(k.ExpiresAt), Note: k.Note, Scopes: k.Scopes, UsedOn: millisOrNone(k.UsedOn),
	})
	if driver.IsDuplicateKeyError(err) {
		return dialog.ErrAPIKeyExists(k.Name)
	}
	if err != nil {
		return s.fail(ctx, "storing an API key", err)
	}
	return nil
}

// APIKeys lists all keys, by name.
func (s *Store) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []apiKey
	cursor, err := s.keys.Find(ctx, bson.D{})
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "reading the API keys", err)
	}
	var all []dialog.APIKey
	for _, k := range stored {
		own := dialog.APIKey{
			Name: k.Name, CreatedAt: instant(k.CreatedAt), ExpiresAt: instantOrNone(k.ExpiresAt), Note: k.Note, Scopes: k.Scopes, UsedOn: instantOrNone(k.UsedOn),
		}
		if copy(own.Hash[:], k.Hash) != len(own.Hash) || len(k.Hash) != len(own.Hash) {
			return nil, fmt.Errorf("the API key %q has a hash of %s", k.Name, dialog.Counted(len(k.Hash), "byte", "bytes"))
		}
		all = append(all, own)
	}
	slices.SortFunc(all, func(a, b dialog.APIKey) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// RemoveAPIKey removes a key.
func (s *Store) RemoveAPIKey(ctx context.Context, name string) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	result, err := s.keys.DeleteOne(ctx, bson.D{{Key: "_id", Value: name}})
	if err != nil {
		return s.fail(ctx, "removing an API key", err)
	}
	if result.DeletedCount == 0 {
		return dialog.ErrAPIKeyNotFound(name)
	}
	return nil
}

// UseAPIKey stores the day of the last use of a key.
func (s *Store) UseAPIKey(ctx context.Context, name string, day time.Time) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	later := bson.D{{Key: "$max", Value: bson.D{{Key: "used_on", Value: millis(day)}}}}
	if _, err := s.keys.UpdateOne(ctx, bson.D{{Key: "_id", Value: name}}, later); err != nil && !isContention(err) { // the other one stores the same day
		return s.fail(ctx, "storing the use of an API key", err)
	}
	return nil
}

// millisOrNone returns a time as it is stored in an optional field: nil for the zero time.
func millisOrNone(t time.Time) *bson.DateTime {
	if t.IsZero() {
		return nil
	}
	at := millis(t)
	return &at
}

func instantOrNone(stored *bson.DateTime) time.Time {
	if stored == nil {
		return time.Time{}
	}
	return instant(*stored)
}
