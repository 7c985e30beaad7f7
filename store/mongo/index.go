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

// sweepSlack is how much longer the server keeps expired documents. Clocks differ, and the
// clock of the instance that reads decides whether a document has expired.
const sweepSlack = time.Hour

// An index has a name that ends in a number. When you change its definition,
// increase the number: the new index is then created and the old one dropped.
type index struct {
	name string
	keys bson.D
	// ttl is how long after the time in its only key a document is removed.
	ttl time.Duration
	// sparse leaves out documents that do not have the only key.
	sparse bool
}

// versioned matches the names of this package's indexes, past and present.
var versioned = regexp.MustCompile(`_v[0-9]+$`)

// dialogIndexes are for lists and changes. Each of the first three starts with listed_for,
// which selects the scope, continues with the key of an order, and ends with the id as a
// tie-breaker. A page in either direction is one range of an index.
//
// In each of the three, a dialog has one key for each member. The keys of the first one
// change with every update, so updating a dialog of N members writes N more keys. In
// return, a page costs the same for a user with 50 dialogs and one with 50,000. Without
// that index, the server would read and sort all dialogs of a user for each page in the
// most common order. The benchmarks measure both.
func dialogIndexes() []index {
	list := func(field string) bson.D {
		return bson.D{{Key: fieldListedFor, Value: 1}, {Key: field, Value: 1}, {Key: fieldID, Value: 1}}
	}
	return []index{
		{name: "list_by_updated_at_v1", keys: list(fieldUpdatedAt)},
		{name: "list_by_created_at_v1", keys: list(fieldCreatedAt)},
		{name: "list_by_name_v1", keys: list(fieldNameFolded)},
		{name: "changed_v1", keys: bson.D{{Key: fieldChangedAt, Value: 1}, {Key: fieldID, Value: 1}}},
		{name: "departed_v1", keys: bson.D{{Key: fieldDeparted + ".user", Value: 1}}, sparse: true},
		{name: "deleted_for_v1", keys: bson.D{{Key: fieldDeletedFor, Value: 1}}, sparse: true},
		{name: "tombstones_v2", keys: bson.D{{Key: fieldForgetAt, Value: 1}}, ttl: sweepSlack},
		// Older versions of this program did not write forget_at.
		{name: "deleted_v1", keys: bson.D{{Key: fieldDeletedAt, Value: 1}}, ttl: dialog.MaxSyncKept + sweepSlack},
	}
}

func claimIndexes() []index {
	return []index{{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack}}
}

func sessionIndexes() []index {
	return []index{{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack}}
}

func userIndexes() []index {
	return []index{{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack}}
}

func departureIndexes() []index {
	return []index{
		{name: "user_v1", keys: bson.D{{Key: "_id.user", Value: 1}}},
		{name: "dialog_v1", keys: bson.D{{Key: "_id.dialog", Value: 1}}},
		{name: "until_v1", keys: bson.D{{Key: "until", Value: 1}}, ttl: sweepSlack},
	}
}

// keepIndexes creates the indexes. It tries again until it succeeds or ctx ends: the
// server may be unreachable, or still busy with existing documents.
func (s *Store) keepIndexes(ctx context.Context, log *slog.Logger) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := errors.Join(
			makeIndexes(ctx, s.dialogs, dialogIndexes()),
			makeIndexes(ctx, s.claims, claimIndexes()),
			makeIndexes(ctx, s.sessions, sessionIndexes()),
			makeIndexes(ctx, s.users, userIndexes()),
			makeIndexes(ctx, s.departures, departureIndexes()),
		)
		if err == nil || ctx.Err() != nil {
			return
		}
		level := slog.LevelWarn
		if isAway(err) { // which is logged once, for the store as a whole
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "creating MongoDB indexes failed, will retry", "retry_in_ms", wait.Milliseconds(), "error", s.errors.clean(err))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// makeIndexes creates missing indexes, and then drops those of other versions of
// this package. It changes nothing when everything is up to date.
func makeIndexes(ctx context.Context, c *driver.Collection, indexes []index) error {
	var models []driver.IndexModel
	for _, i := range indexes {
		o := options.Index().SetName(i.name)
		if i.ttl > 0 {
			o.SetExpireAfterSeconds(int32(i.ttl / time.Second)) //nolint:gosec // at most a few months
		}
		if i.ttl > 0 || i.sparse {
			o.SetSparse(true)
		}
		models = append(models, driver.IndexModel{Keys: i.keys, Options: o})
	}
	_, err := c.Indexes().CreateMany(ctx, models)
	if hasCode(err, codeIndexOptionsConflict) || hasCode(err, codeIndexKeySpecs) {
		// Two indexes with the same keys can't have different options.
		if err := dropOld(ctx, c, indexes); err != nil {
			return err
		}
		_, err = c.Indexes().CreateMany(ctx, models)
	}
	if err != nil {
		return fmt.Errorf("creating the indexes of %s: %w", c.Name(), err)
	}
	return dropOld(ctx, c, indexes)
}

// dropOld drops the indexes of older versions of this package. The operator's own indexes
// are kept.
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
