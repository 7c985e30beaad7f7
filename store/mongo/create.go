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

// Create claims what must be unique, and then makes the dialog that the claims
// name. A claim without its dialog is a creation that is under way or has
// died: whoever finds it makes the dialog, with the id that was claimed, so
// that of all who try exactly one succeeds.
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
			id = bson.NewObjectID() // the one before may be spent
		}
	}
}

// errAgain says that somebody came in between, and that another try will see
// what he did.
var errAgain = errors.New("another creation came in between")

// A creation is one try to create a dialog.
type creation struct {
	store *Store
	plan  *dialog.CreatePlan
	// id is the one that the dialog will have.
	id bson.ObjectID
	// claims are those that name the id.
	claims []claim
}

// try answers with the dialog that was made or found.
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

// claimKey claims the plan's key, if it has one, or finds the dialog that was
// made with it before.
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
		made, found, err := c.store.lookUp(ctx, there.Dialog)
		if err != nil {
			return document{}, false, err
		}
		if found && !c.made(&made) {
			// A creation that failed, and died before it took its claim back.
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

// claimPair claims the two users of a Private dialog, or finds the one that
// they have.
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
		made, found, err := c.store.lookUp(ctx, there.Dialog)
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

// adopt takes the id that another creation claimed, which may be under way or
// dead, so that one of the two makes the dialog. A claim that was made for
// another id has to follow first: after a crash it must not name a dialog that
// nobody will make.
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

// insert makes the dialog, unless its id is taken: by the very creation, which
// runs twice; by the pair's other creation; or by something else altogether.
func (c *creation) insert(ctx context.Context) (dialog.CreateOutcome, error) {
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
	there, found, err := c.store.lookUp(ctx, c.id)
	switch {
	case err != nil:
		return dialog.CreateOutcome{}, err
	case !found:
		return dialog.CreateOutcome{}, errAgain
	case c.made(&there):
		return outcome(&there)
	case c.isPair(&there):
		// The pair's claim stands for this dialog, the key's for none.
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

// made tells whether the dialog was made with the plan's key.
func (c *creation) made(doc *document) bool {
	return c.plan.Key != "" && doc.CreatedWith != nil && *doc.CreatedWith == keyOf(c.plan)
}

// isPair tells whether this is the one Private dialog of the plan's pair.
func (c *creation) isPair(doc *document) bool {
	a, b, ok := c.plan.Pair()
	return ok && doc.isPair(a, b)
}

func outcome(doc *document) (dialog.CreateOutcome, error) {
	d, err := doc.dialog()
	return dialog.CreateOutcome{Dialog: d}, err
}

// insert stores a new dialog. It is an upsert that never finds anything to
// update, because only an update can set a field by the server's clock.
func (s *Store) insert(ctx context.Context, doc document) error {
	filter := bson.D{{Key: fieldID, Value: doc.ID}, never()[0]}
	doc.ID = bson.ObjectID{} // the filter gives it
	update := bson.D{
		{Key: "$setOnInsert", Value: doc},
		{Key: "$currentDate", Value: bson.D{{Key: fieldChangedAt, Value: true}}},
	}
	_, err := s.dialogs.UpdateOne(ctx, filter, update, options.UpdateOne().SetUpsert(true))
	return err
}

// againIfTaken makes a collision with another write a reason to try again.
func againIfTaken(err error) error {
	if driver.IsDuplicateKeyError(err) || isContention(err) {
		return errAgain
	}
	return err
}
