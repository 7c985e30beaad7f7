package mongo

import (
	"context"
	"fmt"
	"strconv"
	"time"

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
	own, ok := s.(*Store)
	if !ok {
		return dialog.Dialog{}, fmt.Errorf("the store is a %T", s)
	}
	return own.find(ctx, oid, withHistory)
}

// MakeIndexes makes the indexes of the dialogs, and waits for it.
func MakeIndexes(ctx context.Context, db *driver.Database) error {
	return makeIndexes(ctx, db.Collection("dialogs"), dialogIndexes())
}

// DialogIndexes are the fields of each index of the dialogs.
func DialogIndexes() (all [][]string) {
	for _, i := range dialogIndexes() {
		var fields []string
		for _, key := range i.keys {
			fields = append(fields, key.Key)
		}
		all = append(all, fields)
	}
	return all
}

// Turns are the turns of one store.
type Turns = turns

// Take waits for a turn.
func (t *turns) Take(ctx context.Context, id dialog.ID) (giveBack func(), err error) {
	return t.take(ctx, id)
}

// Busy tells whether somebody has or waits for a turn.
func (t *turns) Busy(id dialog.ID) bool { return t.busy(id) }

// Len is how many dialogs somebody has or waits for a turn on.
func (t *turns) Len() int { return len(t.queue) }

// How errors of the driver are taken.
var (
	IsAway       = isAway
	AgainIfTaken = againIfTaken
)

// ErrAgain is what a step of a creation answers when another came in between.
var ErrAgain = errAgain

// LastStep makes the dialog of a creation that has claimed its pair already.
func LastStep(ctx context.Context, s dialog.Store, p dialog.CreatePlan) error {
	own, ok := s.(*Store)
	if !ok {
		return fmt.Errorf("the store is a %T", s)
	}
	id, err := objectID(p.Dialog.ID)
	if err != nil {
		return err
	}
	c := creation{store: own, plan: &p, id: id}
	a, b, _ := p.Pair()
	c.claims = []claim{newPairClaim(a, b, id, p.Dialog.CreatedAt)}
	_, err = c.insert(ctx)
	return err
}

// Straight is the filter and update of a plan that one command can say.
func Straight(p dialog.Plan) (filter, update bson.D, ok bool, err error) { return straight(&p, p.At) }

// Stretches are the conditions of which each dialog of a page meets one.
func Stretches(q dialog.Query) (bson.A, error) { return stretches(q) }

// Forgets is what a reading of the clock says when another instance has said, at
// an instant, for how long it keeps what it deletes.
func Forgets(other time.Duration, said, now, floor time.Time, kept time.Duration) bool {
	r := reading{Now: millis(now), Kept: map[string]bson.DateTime{strconv.FormatInt(other.Milliseconds(), 10): millis(said)}}
	return r.forgets(millis(floor), kept)
}

// Earlier is a mark as if it and everything that is stored were that much older.
func Earlier(text dialog.Mark, by time.Duration) (dialog.Mark, error) {
	m, err := decodeMark(text)
	for _, t := range []*bson.DateTime{&m.floor, &m.ceiling, &m.at.changed} {
		if *t != 0 {
			*t = before(*t, by)
		}
	}
	return m.encode(), err
}
