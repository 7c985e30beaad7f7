package mongo

import (
	"cmp"
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// Create first claims what must be unique, and then creates the dialog with the claimed
// id. A claim without a dialog means that a creation is running or has crashed: every
// creation that finds the claim tries to create the dialog with the claimed id. So exactly
// one of all attempts succeeds.
func (s *Store) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	defer end()
	id, err := objectID(p.Dialog.ID)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	for try := 0; ; try++ {
		c := creation{store: s, plan: &p, id: id}
		out, err := c.try(ctx)
		if err == nil {
			return out, nil
		}
		if errors.Is(err, errAgain) {
			err = pause(ctx, try)
		}
		if err != nil {
			return dialog.CreateOutcome{}, s.fail(ctx, "creating a dialog", err)
		}
		if !p.IDGiven {
			id = bson.NewObjectID() // the id of the last try may be taken
		}
	}
}

// errAgain means that another creation has interfered. The next try will find its result.
var errAgain = errors.New("another creation interfered")

// A creation is one attempt to create a dialog.
type creation struct {
	store *Store
	plan  *dialog.CreatePlan
	// id is the id that the dialog will have.
	id bson.ObjectID
	// claims are the claims of this id.
	claims []claim
}

// try returns the dialog that it has created or found.
func (c *creation) try(ctx context.Context) (dialog.CreateOutcome, error) {
	for _, claim := range []func(context.Context) (document, bool, error){c.claimKey, c.claimPair} {
		there, found, err := claim(ctx)
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
		if found {
			return outcome(&there)
		}
	}
	return c.insert(ctx)
}

// claimKey claims the plan's idempotency key, if it has one. If a dialog was already
// created with the key, it returns that one.
func (c *creation) claimKey(ctx context.Context) (made document, found bool, err error) {
	if c.plan.Key == "" {
		return document{}, false, nil
	}
	own := newKeyClaim(c.plan, c.id)
	there, mine, err := c.store.take(ctx, own)
	if err != nil {
		return document{}, false, err
	}
	if !mine && there.expired(c.plan.Dialog.CreatedAt) {
		if err := c.store.takeOver(ctx, there, own); err != nil {
			return document{}, false, err
		}
		there, mine = own, true
	}
	if !mine {
		made, found, err := c.store.lookUp(ctx, there.Dialog, whole)
		if err != nil {
			return document{}, false, err
		}
		if found && !c.made(&made) {
			// An earlier creation failed, and crashed before it removed its claim.
			return document{}, false, cmp.Or(c.store.drop(ctx, there), errAgain)
		}
		if err := c.plan.CheckReplay(there.InputHash); err != nil || found {
			return made, found, err
		}
		c.id = there.Dialog
	}
	c.claims = append(c.claims, there)
	return document{}, false, nil
}

// claimPair claims the pair of users of a Private dialog. If they already have one, it
// returns that one.
func (c *creation) claimPair(ctx context.Context) (made document, found bool, err error) {
	a, b, ok := c.plan.Pair()
	if !ok {
		return document{}, false, nil
	}
	own := newPairClaim(a, b, c.id, c.plan.Dialog.CreatedAt)
	there, mine, err := c.store.take(ctx, own)
	if err != nil {
		return document{}, false, err
	}
	if !mine && there.Dialog != c.id {
		made, found, err := c.store.lookUp(ctx, there.Dialog, whole)
		switch {
		case err != nil:
			return document{}, false, err
		case found && c.isPair(&made):
			return made, true, c.dropClaims(ctx)
		case !found && !c.plan.IDGiven && !there.expired(c.plan.Dialog.CreatedAt):
			err = c.adopt(ctx, there.Dialog)
		default:
			err = c.store.supplant(ctx, found, there, own)
			there = own
		}
		if err != nil {
			return document{}, false, err
		}
	}
	c.claims = append(c.claims, there)
	return document{}, false, nil
}

// adopt uses the id that another creation has claimed, which is still running or has
// crashed: one of the two will create the dialog. Before that, the claims that this
// creation already has are changed to the same id: if it crashes, no claim may refer to a
// dialog that nobody will create.
func (c *creation) adopt(ctx context.Context, id bson.ObjectID) error {
	c.id = id
	for i, old := range c.claims {
		c.claims[i].Dialog = id
		if err := c.store.takeOver(ctx, old, c.claims[i]); err != nil {
			return err
		}
	}
	return nil
}

// insert creates the dialog. If the id is taken, it finds out by what: by the same
// creation, which was sent twice; by another creation for the pair; or by an unrelated
// dialog.
func (c *creation) insert(ctx context.Context) (dialog.CreateOutcome, error) {
	if owner, most, ok := c.plan.Receives(); ok {
		full, err := c.store.ownsPublicGroups(ctx, owner, most)
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
		if full {
			return dialog.CreateOutcome{}, cmp.Or(c.dropClaims(ctx), c.plan.ErrTooManyPublicGroups())
		}
	}
	d := c.plan.Dialog
	d.ID = dialog.ID(c.id.Hex())
	doc, err := toDocument(&d)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	if c.plan.Key != "" {
		key := keyOf(c.plan)
		doc.CreatedWith = &key
	}
	err = c.store.insert(ctx, doc)
	if err == nil {
		return dialog.CreateOutcome{Dialog: d, Created: true}, nil
	}
	if !driver.IsDuplicateKeyError(err) {
		return dialog.CreateOutcome{}, againIfTaken(err)
	}
	there, found, err := c.store.lookUp(ctx, c.id, whole)
	switch {
	case err != nil:
		return dialog.CreateOutcome{}, err
	case !found:
		return dialog.CreateOutcome{}, errAgain
	case c.made(&there):
		return outcome(&there)
	case c.isPair(&there):
		// The claim of the pair is right, because it refers to this dialog. The claim of
		// the key is not.
		if c.plan.Key != "" {
			err = c.store.drop(ctx, c.claims[0])
		}
		if err != nil {
			return dialog.CreateOutcome{}, err
		}
		return outcome(&there)
	}
	if err := c.dropClaims(ctx); err != nil {
		return dialog.CreateOutcome{}, err
	}
	if c.plan.IDGiven {
		return dialog.CreateOutcome{}, dialog.ErrIDTaken()
	}
	return dialog.CreateOutcome{}, errAgain
}

func (c *creation) dropClaims(ctx context.Context) error {
	for _, own := range c.claims {
		if err := c.store.drop(ctx, own); err != nil {
			return err
		}
	}
	return nil
}

// made reports whether the dialog was created with the plan's key.
func (c *creation) made(doc *document) bool {
	return c.plan.Key != "" && doc.CreatedWith != nil && *doc.CreatedWith == keyOf(c.plan)
}

// isPair reports whether this is the Private dialog of the plan's pair.
func (c *creation) isPair(doc *document) bool {
	a, b, ok := c.plan.Pair()
	return ok && doc.isPair(a, b)
}

func outcome(doc *document) (dialog.CreateOutcome, error) {
	d, err := doc.dialog()
	return dialog.CreateOutcome{Dialog: d}, err
}

// insert stores a new dialog. It is an upsert whose filter never matches, because only an
// update can set a field from the server's clock.
func (s *Store) insert(ctx context.Context, doc document) error {
	filter := bson.D{{Key: fieldID, Value: doc.ID}, never()[0]}
	doc.ID = bson.ObjectID{} // the filter sets it
	update := bson.D{
		{Key: "$setOnInsert", Value: doc},
		{Key: "$currentDate", Value: bson.D{{Key: fieldChangedAt, Value: true}}},
	}
	_, err := s.dialogs.UpdateOne(ctx, filter, update, options.UpdateOne().SetUpsert(true))
	return err
}

// againIfTaken turns a collision with another write into errAgain.
func againIfTaken(err error) error {
	if driver.IsDuplicateKeyError(err) || isContention(err) {
		return errAgain
	}
	return err
}
