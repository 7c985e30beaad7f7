package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// sweepSlack is how much longer the server keeps what is over than this
// package takes it for being there: clocks differ, and what is over is judged
// by the clock of who asks.
const sweepSlack = time.Hour

// An index is named after its definition, which ends in a number: who changes
// the definition raises the number. The new one is made then, and the old one
// dropped.
type index struct {
	name string
	keys bson.D
	// ttl clears away a document this long after its one key.
	ttl time.Duration
}

// versioned is how the names of this package's indexes look, in the past too.
var versioned = regexp.MustCompile(`_v[0-9]+$`)

// dialogIndexes serve the lists. Each begins with listed_for, by which every
// scope is asked for, goes on with the key of an order and ends with the id,
// which breaks ties: a page in either direction is a stretch of one of them.
//
// A dialog has a key for each of its people in each of the three. The keys of
// the first change with every update of the dialog, which costs an update of
// a dialog of N people N keys more. That is the price of pages that cost the
// same in 50 dialogs and in 50,000; without it the server would have to fetch
// and sort all of a user's dialogs for each page of the order that is asked
// for most. The benchmarks measure both sides.
func dialogIndexes() []index {
	list := func(field string) bson.D {
		return bson.D{{Key: fieldListedFor, Value: 1}, {Key: field, Value: 1}, {Key: fieldID, Value: 1}}
	}
	return []index{
		{name: "list_by_updated_at_v1", keys: list(fieldUpdatedAt)},
		{name: "list_by_created_at_v1", keys: list(fieldCreatedAt)},
		{name: "list_by_name_v1", keys: list(fieldNameFolded)},
		{name: "tombstones_v1", keys: bson.D{{Key: fieldDeletedAt, Value: 1}}, ttl: dialog.TombstoneKept + sweepSlack},
	}
}

func claimIndexes() []index {
	return []index{{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack}}
}

func sessionIndexes() []index {
	return []index{{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack}}
}

// keepIndexes makes the indexes, and tries until it has or ctx ends: the
// server may be away, or still busy with documents that are there.
func (s *Store) keepIndexes(ctx context.Context, log *slog.Logger) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := errors.Join(
			makeIndexes(ctx, s.dialogs, dialogIndexes()),
			makeIndexes(ctx, s.claims, claimIndexes()),
			makeIndexes(ctx, s.sessions, sessionIndexes()),
		)
		if err == nil || ctx.Err() != nil {
			return
		}
		log.WarnContext(ctx, "the indexes in MongoDB are not made yet", "again_in", wait, "error", s.errors.clean(err))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// makeIndexes makes what is missing, and then drops what this package made in
// another version. It changes nothing when all is as it should be.
func makeIndexes(ctx context.Context, c *driver.Collection, indexes []index) error {
	var models []driver.IndexModel
	for _, i := range indexes {
		o := options.Index().SetName(i.name)
		if i.ttl > 0 {
			o.SetExpireAfterSeconds(int32(i.ttl / time.Second)).SetSparse(true) //nolint:gosec // hours
		}
		models = append(models, driver.IndexModel{Keys: i.keys, Options: o})
	}
	_, err := c.Indexes().CreateMany(ctx, models)
	if hasCode(err, codeIndexOptionsConflict) || hasCode(err, codeIndexKeySpecs) {
		// The same keys with other options can't be there twice.
		if err := dropOld(ctx, c, indexes); err != nil {
			return err
		}
		_, err = c.Indexes().CreateMany(ctx, models)
	}
	if err != nil {
		return fmt.Errorf("making the indexes of %s: %w", c.Name(), err)
	}
	return dropOld(ctx, c, indexes)
}

// dropOld drops the indexes that have the form of this package's names and
// are none of these. An operator's own stay.
func dropOld(ctx context.Context, c *driver.Collection, indexes []index) error {
	there, err := c.Indexes().ListSpecifications(ctx)
	if err != nil {
		return fmt.Errorf("listing the indexes of %s: %w", c.Name(), err)
	}
	for _, spec := range there {
		if !versioned.MatchString(spec.Name) || isOneOf(spec.Name, indexes) {
			continue
		}
		if err := c.Indexes().DropOne(ctx, spec.Name); err != nil && !hasCode(err, codeIndexNotFound) {
			return fmt.Errorf("dropping the index %s of %s: %w", spec.Name, c.Name(), err)
		}
	}
	return nil
}

func isOneOf(name string, indexes []index) bool {
	for _, i := range indexes {
		if i.name == name {
			return true
		}
	}
	return false
}
