package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// Update makes the change with one command if possible, or else in several
// steps.
func (s *Store) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.Outcome{}, err
	}
	defer end()
	out, err := s.update(ctx, &p)
	if err != nil {
		return dialog.Outcome{}, s.fail(ctx, "changing a dialog", err)
	}
	return out, nil
}

func (s *Store) update(ctx context.Context, p *dialog.Plan) (dialog.Outcome, error) {
	filter, update, ok, err := straight(p, s.departedAt(p.At))
	if err != nil {
		return dialog.Outcome{}, err
	}
	// A writer that has to read first would never succeed if others kept
	// writing in between: they wait until its turn is over.
	waits := s.turns.busy(p.ID)
	if ok && !waits {
		if out, done, err := s.goStraight(ctx, p, filter, update); done || err != nil {
			return out, err
		}
	}
	giveBack, err := s.turns.take(ctx, p.ID)
	if err != nil {
		return dialog.Outcome{}, err
	}
	defer giveBack()
	if ok && waits {
		if out, done, err := s.goStraight(ctx, p, filter, update); done || err != nil {
			return out, err
		}
	}
	return s.goLong(ctx, p)
}

// goStraight sends the one command. It is done if the filter matched; the outcome
// is then what Decide says about the dialog as it was before.
func (s *Store) goStraight(ctx context.Context, p *dialog.Plan, filter, update bson.D) (out dialog.Outcome, done bool, err error) {
	before, err := s.findAndModify(ctx, filter, update, whole)
	if errors.Is(err, driver.ErrNoDocuments) || isContention(err) {
		return dialog.Outcome{}, false, nil
	}
	if err != nil {
		return dialog.Outcome{}, false, err
	}
	current, err := before.dialog()
	if err != nil {
		return dialog.Outcome{}, false, err
	}
	if out, err = p.Decide(current); err != nil {
		return dialog.Outcome{}, false, fmt.Errorf("the filter of a change matched what the rules deny: %s", err) //nolint:errorlint // a fault of this package, not a denial
	}
	s.tell("straight", 0)
	return out, true, nil
}

// tell tells the way of an update.
func (s *Store) tell(way string, retries int) {
	if s.updated != nil {
		s.updated(way, retries)
	}
}

// goLong reads, decides, and writes if the version is still the same. It
// retries while other writers win. A denial is about the dialog as read.
func (s *Store) goLong(ctx context.Context, p *dialog.Plan) (dialog.Outcome, error) {
	fields := withDeparted
	if p.Key != "" {
		fields = withBoth
	}
	id, err := objectID(p.ID)
	if err != nil {
		return dialog.Outcome{}, err
	}
	for try := 0; ; try++ {
		there, found, err := s.lookUp(ctx, id, fields)
		if err != nil {
			return dialog.Outcome{}, err
		}
		if !found {
			return dialog.Outcome{}, dialog.ErrNotFound()
		}
		current, err := there.dialog()
		if err != nil {
			return dialog.Outcome{}, err
		}
		if current.Forgotten(p.At) {
			return dialog.Outcome{}, dialog.ErrNotFound()
		}
		out, err := p.Decide(current)
		if err != nil || out.Change == nil || out.Replayed {
			return out, err
		}
		if owner, most, ok := p.Receives(&out); ok {
			if full, err := s.ownsPublicGroups(ctx, owner, most); full || err != nil {
				return dialog.Outcome{}, cmp.Or(err, dialog.ErrTooManyPublicGroups(most))
			}
		}
		update, moved, err := difference(p, s.departedAt(p.At), &there, &current, &out)
		if err != nil {
			return dialog.Outcome{}, err
		}
		if err := s.moveDepartures(ctx, id, moved); err != nil {
			return dialog.Outcome{}, err
		}
		filter := bson.D{{Key: fieldID, Value: id}, {Key: fieldVersion, Value: current.Version}}
		if n := len(there.Departed); n > 0 { // an erasure shortens the list without a new version
			filter = append(filter, bson.E{Key: nth(fieldDeparted, n-1), Value: exists(true)})
		}
		_, err = s.findAndModify(ctx, filter, update, onlyID)
		if err == nil {
			s.tell("long", try)
			return out, nil
		}
		if !errors.Is(err, driver.ErrNoDocuments) && !isContention(err) {
			return dialog.Outcome{}, err
		}
		if err := pause(ctx, try); err != nil {
			return dialog.Outcome{}, err
		}
	}
}

// ownsPublicGroups reports whether a user owns at least that many public groups.
// It is not one step with the write that depends on it: writes of one user at the
// same moment can exceed the number, each by one.
func (s *Store) ownsPublicGroups(ctx context.Context, user dialog.UserID, n int) (bool, error) {
	owned, err := s.dialogs.CountDocuments(ctx, and(bson.A{
		bson.D{{Key: fieldListedFor, Value: user}},
		bson.D{{Key: fieldOwner, Value: user}},
		bson.D{{Key: fieldType, Value: dialog.PublicGroup}},
	}), options.Count().SetLimit(int64(n)))
	return int(owned) >= n, err
}

// difference is the update that turns the dialog as read into the outcome, with
// the operators of the straight way where they fit. moved are the departures that it
// removes from the document.
func difference(p *dialog.Plan, departedAt time.Time, there *document, before *dialog.Dialog, out *dialog.Outcome) (update bson.D, moved []departure, err error) {
	var c changes
	after := &out.Dialog
	if after.Name != before.Name {
		c.name(after.Name)
	}
	if after.Photo != before.Photo {
		c.photo(after.Photo)
	}
	if after.Owner != before.Owner {
		c.set(fieldOwner, after.Owner)
	}
	list(&c, fieldOccupants, before.Occupants, after.Occupants)
	list(&c, fieldAdmins, before.Admins, after.Admins)
	if after.Deleted {
		c.delete(after.UpdatedAt, after.ForgetAt)
	} else {
		list(&c, fieldListedFor, listedFor(before), listedFor(after))
		left := departures(departedAt, p.ForgetAt(), dialog.Without(before.Members(), after.Members()))
		moved = c.people(there.Departed, left, dialog.Without(after.Members(), before.Members()))
	}
	if len(p.Custom) > 0 {
		if err := c.customDifference(p, after.Custom); err != nil {
			return nil, nil, err
		}
	}
	return c.update(out.Change), moved, nil
}

// customDifference sets and removes the fields of the plan, removes classes
// without fields, and sets the exact size.
func (c *changes) customDifference(p *dialog.Plan, after dialog.CustomData) error {
	gone := map[string]bool{}
	for _, change := range p.Custom {
		if _, ok := after[change.Class]; ok {
			if _, err := c.field(change); err != nil {
				return err
			}
		} else if !gone[change.Class] {
			gone[change.Class] = true
			c.unset(fieldCustom + "." + change.Class)
		}
	}
	c.set(fieldCustomBytes, after.Bytes())
	return nil
}

// findAndModify updates the dialog that the filter matches, and returns it as it
// was before.
func (s *Store) findAndModify(ctx context.Context, filter, update, fields bson.D) (document, error) {
	o := options.FindOneAndUpdate().SetReturnDocument(options.Before).SetProjection(fields)
	var before document
	err := s.dialogs.FindOneAndUpdate(ctx, filter, update, o).Decode(&before)
	return before, err
}

// pause waits before the next try: longer after each, up to a limit, and randomly
// so that writers do not collide again.
func pause(ctx context.Context, try int) error {
	most := time.Millisecond << min(try, 5)
	wait := time.NewTimer(rand.N(most)) //nolint:gosec // only to spread the tries, not a secret
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
