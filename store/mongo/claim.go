package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"dialogs/dialog"
)

// A claim reserves the id of a dialog for what must be unique: its _id says
// what that is, in fields of their own and never as joined text.
type claim struct {
	// ID is a pairClaim or a keyClaim.
	ID any `bson:"_id"`
	// Dialog is the id that the dialog has, or will have.
	Dialog bson.ObjectID `bson:"dialog_id"`
	// At is when it was claimed.
	At bson.DateTime `bson:"at"`
	// Until is when the claim of a key ends; a TTL index clears it away
	// somewhat later. The claim of a pair stays.
	Until     *bson.DateTime `bson:"until,omitempty"`
	InputHash string         `bson:"input_hash,omitempty"`
}

// A pairClaim is for the one Private dialog of two users, in byte order.
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
	until := millis(at.Add(dialog.TombstoneKept))
	return claim{ID: keyOf(p), Dialog: id, At: millis(at), Until: &until, InputHash: p.InputHash}
}

func keyOf(p *dialog.CreatePlan) keyClaim {
	who := p.Actor.Identity()
	return keyClaim{User: who.User, APIKey: who.APIKey, Key: p.Key}
}

// expired reports whether the claim is so old that its key counts no longer, and
// that the creation which made it can't still be in progress.
func (c *claim) expired(now time.Time) bool { return dialog.Expired(instant(c.At), now) }

// take makes the claim, or returns the one that is there.
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

// takeOver puts a claim in the place of one that stands for nothing any more,
// unless somebody else was faster.
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

// supplant takes over the claim of a dialog that is deleted or never was. When
// it may yet be made, by a creation that is under way, a tombstone in its
// place sees to it that it won't.
func (s *Store) supplant(ctx context.Context, made bool, there, own claim) error {
	if !made {
		at := own.At
		err := s.insert(ctx, document{ID: there.Dialog, Type: dialog.Private, CreatedAt: at, UpdatedAt: at, DeletedAt: &at})
		if err != nil {
			return againIfTaken(err)
		}
	}
	return s.takeOver(ctx, there, own)
}

// drop takes a claim back, unless it has become another's.
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

// exactly matches the claim as long as nobody took it over.
func (c *claim) exactly() bson.D {
	return bson.D{{Key: fieldID, Value: c.ID}, {Key: "dialog_id", Value: c.Dialog}, {Key: "at", Value: c.At}}
}
