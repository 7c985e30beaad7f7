package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// A webhook is a webhook as it is stored. Its parts are stored as JSON, because no query
// selects by them.
type webhook struct {
	ID         bson.ObjectID `bson:"_id"`
	CreatedAt  bson.DateTime `bson:"created_at"`
	Revision   int64         `bson:"revision"`
	Definition string        `bson:"definition"`
	Progress   string        `bson:"progress,omitempty"`
	Holder     string        `bson:"holder"`
	HeldUntil  bson.DateTime `bson:"held_until"`
}

func (w *webhook) progress() (p dialog.WebhookProgress, err error) {
	if w.Progress == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(w.Progress), &p); err != nil {
		return dialog.WebhookProgress{}, fmt.Errorf("decoding the progress of the webhook %s: %w", w.ID.Hex(), err)
	}
	return p, nil
}

// Webhooks lists all webhooks, oldest first.
func (s *Store) Webhooks(ctx context.Context) ([]dialog.Webhook, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []webhook
	cursor, err := s.webhooks.Find(ctx, bson.D{}, options.Find().
		SetSort(bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}}).
		SetProjection(bson.D{{Key: "definition", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "reading the webhooks", err)
	}
	var all []dialog.Webhook
	for _, w := range stored {
		var own dialog.Webhook
		if err := json.Unmarshal([]byte(w.Definition), &own); err != nil {
			return nil, fmt.Errorf("decoding the webhook %s: %w", w.ID.Hex(), err)
		}
		all = append(all, own)
	}
	return all, nil
}

// SaveWebhook stores a webhook if the stored revision is the one before it.
func (s *Store) SaveWebhook(ctx context.Context, w dialog.Webhook) (saved bool, err error) {
	id, err := bson.ObjectIDFromHex(string(w.ID))
	if err != nil {
		return false, err
	}
	definition, err := dialog.MarshalPlain(w)
	if err != nil {
		return false, err
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	if w.Revision == 1 {
		_, err = s.webhooks.InsertOne(ctx, webhook{ID: id, CreatedAt: millis(w.CreatedAt), Revision: 1, Definition: string(definition)})
		saved = err == nil
	} else {
		var result *driver.UpdateResult
		before := bson.D{{Key: "_id", Value: id}, {Key: "revision", Value: w.Revision - 1}}
		result, err = s.webhooks.UpdateOne(ctx, before, bson.D{{Key: "$set", Value: bson.D{
			{Key: "revision", Value: w.Revision}, {Key: "definition", Value: string(definition)},
		}}})
		saved = err == nil && result.MatchedCount == 1
	}
	if driver.IsDuplicateKeyError(err) || isContention(err) {
		return false, nil
	}
	if err != nil {
		return false, s.fail(ctx, "storing a webhook", err)
	}
	return saved, nil
}

// RemoveWebhook removes a webhook and its progress.
func (s *Store) RemoveWebhook(ctx context.Context, id dialog.ID) error {
	key, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		return err
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	result, err := s.webhooks.DeleteOne(ctx, bson.D{{Key: "_id", Value: key}})
	if err != nil {
		return s.fail(ctx, "removing a webhook", err)
	}
	if result.DeletedCount == 0 {
		return dialog.ErrWebhookNotFound(id)
	}
	return nil
}

// LeaseWebhook gives a webhook to one instance until the end of the lease.
func (s *Store) LeaseWebhook(ctx context.Context, id dialog.ID, l dialog.Lease) (p dialog.WebhookProgress, leased bool, err error) {
	key, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		return p, false, err
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return p, false, err
	}
	defer end()
	free := bson.D{{Key: "_id", Value: key}, {Key: "$or", Value: bson.A{
		bson.D{{Key: "holder", Value: l.Holder}},
		bson.D{{Key: "held_until", Value: bson.D{{Key: "$lte", Value: millis(l.Now)}}}},
	}}}
	taken := bson.D{{Key: "$set", Value: bson.D{{Key: "holder", Value: l.Holder}, {Key: "held_until", Value: millis(l.Until)}}}}
	var w webhook
	err = s.webhooks.FindOneAndUpdate(ctx, free, taken, options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&w)
	if errors.Is(err, driver.ErrNoDocuments) {
		return p, false, nil
	}
	if err != nil {
		return p, false, s.fail(ctx, "leasing a webhook", err)
	}
	p, err = w.progress()
	return p, err == nil, err
}

// SaveWebhookProgress stores the progress of the deliveries, if this instance still holds
// the lease.
func (s *Store) SaveWebhookProgress(ctx context.Context, id dialog.ID, holder string, p dialog.WebhookProgress) (bool, error) {
	key, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		return false, err
	}
	text, err := dialog.MarshalPlain(p)
	if err != nil {
		return false, err
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	result, err := s.webhooks.UpdateOne(ctx, bson.D{{Key: "_id", Value: key}, {Key: "holder", Value: holder}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "progress", Value: string(text)}}}})
	if err != nil {
		return false, s.fail(ctx, "storing the progress of a webhook", err)
	}
	return result.MatchedCount == 1, nil
}

// WebhookProgress returns the progress of the deliveries.
func (s *Store) WebhookProgress(ctx context.Context, id dialog.ID) (p dialog.WebhookProgress, err error) {
	key, err := bson.ObjectIDFromHex(string(id))
	if err != nil {
		return p, err
	}
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return p, err
	}
	defer end()
	var w webhook
	err = s.webhooks.FindOne(ctx, bson.D{{Key: "_id", Value: key}}).Decode(&w)
	if errors.Is(err, driver.ErrNoDocuments) {
		return p, dialog.ErrWebhookNotFound(id)
	}
	if err != nil {
		return p, s.fail(ctx, "reading the progress of a webhook", err)
	}
	return w.progress()
}
