package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// A claim reserves the id of a dialog for something that must be unique. Its _id says for
// what, in separate fields: joined text could be ambiguous.
type claim struct {
	// ID is a pairClaim or a keyClaim.
	ID any `bson:"_id"`
	// Dialog is the id that the dialog has, or will have.
	Dialog bson.ObjectID `bson:"dialog_id"`
	// At is the time of the claim.
	At bson.DateTime `bson:"at"`
	// Until is when the claim of a key expires; a TTL index removes it
	// some time later. The claim of a pair stays.
	Until     *bson.DateTime `bson:"until,omitempty"`
	InputHash string         `bson:"input_hash,omitempty"`
}

// A pairClaim is for the only Private dialog of two users, who are in byte order.
type pairClaim struct {
	Pair struct {
		A dialog.UserID `bson:"a"`
		B dialog.UserID `bson:"b"`
	} `bson:"pair"`
}

// A keyClaim is for what an actor creates with an idempotency key. User and
// APIKey are those of [dialog.Actor.Identity]: one of the two is set.
type keyClaim struct {
	User   dialog.UserID `bson:"user,omitempty"`
	APIKey string        `bson:"api_key,omitempty"`
	Key    string        `bson:"key"`
}

func newPairClaim(a, b dialog.UserID, id bson.ObjectID, at time.Time) claim {
	var pair pairClaim
	pair.Pair.A, pair.Pair.B = a, b
	return claim{ID: pair, Dialog: id, At: millis(at)}
}

func newKeyClaim(p *dialog.CreatePlan, id bson.ObjectID) claim {
	at := p.Dialog.CreatedAt
	until := millis(at.Add(dialog.KeyKept))
	return claim{ID: keyOf(p), Dialog: id, At: millis(at), Until: &until, InputHash: p.InputHash}
}

func keyOf(p *dialog.CreatePlan) keyClaim {
	who := p.Actor.Identity()
	return keyClaim{User: who.User, APIKey: who.APIKey, Key: p.Key}
}

// expired reports whether the claim is so old that its key is no longer valid, and that
// the creation that made it can't still be running.
func (c *claim) expired(now time.Time) bool { return dialog.KeyExpired(instant(c.At), now) }

// take makes the claim, or returns the existing one, for which mine is false.
func (s *Store) take(ctx context.Context, c claim) (there claim, mine bool, err error) {
	_, err = s.claims.InsertOne(ctx, c)
	if err == nil {
		return c, true, nil
	}
	if !driver.IsDuplicateKeyError(err) {
		return claim{}, false, againIfTaken(err)
	}
	err = s.claims.FindOne(ctx, bson.D{{Key: fieldID, Value: c.ID}}).Decode(&there)
	if errors.Is(err, driver.ErrNoDocuments) {
		return claim{}, false, errAgain
	}
	there.ID = c.ID
	return there, false, err
}

// takeOver replaces a claim that is no longer needed. If another creation was faster, it
// returns errAgain.
func (s *Store) takeOver(ctx context.Context, old, c claim) error {
	result, err := s.claims.ReplaceOne(ctx, old.exactly(), c)
	if err != nil {
		return againIfTaken(err)
	}
	if result.MatchedCount == 0 {
		return errAgain
	}
	return nil
}

// supplant takes over the claim of a dialog that is deleted or was never created. If it
// was never created, a creation that is still running could do so: a tombstone with its id
// prevents that.
func (s *Store) supplant(ctx context.Context, made bool, there, own claim) error {
	if !made {
		at := own.At
		forget := millis(instant(at).Add(dialog.KeyKept))
		err := s.insert(ctx, document{ID: there.Dialog, Type: dialog.Private, CreatedAt: at, UpdatedAt: at, DeletedAt: &at, ForgetAt: &forget})
		if err != nil {
			return againIfTaken(err)
		}
	}
	return s.takeOver(ctx, there, own)
}

// drop removes a claim, unless another creation has taken it over.
func (s *Store) drop(ctx context.Context, c claim) error {
	for try := 0; ; try++ {
		_, err := s.claims.DeleteOne(ctx, c.exactly())
		if !isContention(err) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// exactly matches the claim, unless it was taken over.
func (c *claim) exactly() bson.D {
	return bson.D{{Key: fieldID, Value: c.ID}, {Key: "dialog_id", Value: c.Dialog}, {Key: "at", Value: c.At}}
}
