package mongo

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// The field name_folded has the keys of names ([dialog.NameKey]). Another version of the
// program may have written some of them in its own form, and may write more while this one
// runs. A query by name finds only keys in the current form. A second query, one range of
// an index, tells whether its lists have any others. If so, names are compared here
// instead, without keys.

// byName reports whether the query depends on the keys of names.
func byName(q dialog.Query) bool {
	return q.Order.Field == dialog.ByName || q.Filter.NameContains != ""
}

// foreignKeys matches the dialogs in the query's lists whose keys were stored by another
// version.
func foreignKeys(q dialog.Query) bson.D {
	var all bson.A
	for _, list := range lists(q) {
		for _, keys := range []bson.D{
			{{Key: "$gt", Value: ""}, {Key: "$lt", Value: dialog.NameKeyPrefix}},
			{{Key: "$gte", Value: dialog.NameKeyEnd}},
		} {
			all = append(all, bson.D{{Key: fieldListedFor, Value: list}, {Key: fieldNameFolded, Value: keys}})
		}
	}
	return or(all)
}

func (s *Store) hasForeignKeys(ctx context.Context, q dialog.Query) (bool, error) {
	err := s.dialogs.FindOne(ctx, foreignKeys(q), options.FindOne().SetProjection(onlyID)).Err()
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}

// A placed dialog has the fields that the order and the search need.
type placed struct {
	ID        bson.ObjectID `bson:"_id"`
	Name      string        `bson:"name"`
	CreatedAt bson.DateTime `bson:"created_at"`
	UpdatedAt bson.DateTime `bson:"updated_at"`
}

func (p *placed) dialog() dialog.Dialog {
	return dialog.Dialog{
		ID: dialog.ID(p.ID.Hex()), Name: p.Name, CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt),
	}
}

// fold calls yield for each dialog that the query selects, in no order. It compares names
// and does not use their keys.
func (s *Store) fold(ctx context.Context, q dialog.Query, yield func(*dialog.Dialog)) error {
	ranges := []bson.A{nil} // of an order by name, whose keys can't be used
	if q.Order.Field != dialog.ByName {
		var err error
		if ranges, err = between(q); err != nil {
			return err
		}
	}
	selected := q
	selected.Filter.NameContains = ""
	stretches, err := within(selected, ranges)
	if err != nil || len(stretches) == 0 {
		return err
	}
	fields := bson.D{{Key: fieldName, Value: 1}, {Key: fieldCreatedAt, Value: 1}, {Key: fieldUpdatedAt, Value: 1}}
	cursor, err := s.dialogs.Find(ctx, or(stretches), options.Find().SetProjection(fields))
	if err != nil {
		return err
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // of a cursor that is done, or whose error is returned
	for cursor.Next(ctx) {
		var p placed
		if err := cursor.Decode(&p); err != nil {
			return err
		}
		d := p.dialog()
		if strings.Contains(dialog.FoldName(d.Name), q.Filter.NameContains) && q.Between(&d) {
			yield(&d)
		}
	}
	return cursor.Err()
}

// foldedPage returns a page of a list without using keys of names. It has to read the
// whole list, until the keys are updated.
func (s *Store) foldedPage(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	most := q.Skip + q.Limit
	order := q.Order
	if q.FromEnd {
		order.Descending = !order.Descending
	}
	var best []dialog.Dialog
	cut := func() {
		slices.SortFunc(best, func(a, b dialog.Dialog) int { return order.Compare(&a, &b) })
		best = best[:min(most, len(best))]
	}
	err := s.fold(ctx, q, func(d *dialog.Dialog) {
		if best = append(best, *d); len(best) >= 2*most+1000 {
			cut()
		}
	})
	if err != nil {
		return nil, err
	}
	cut()
	best = best[min(q.Skip, len(best)):]
	if len(best) == 0 {
		return nil, nil
	}
	// They are read by their ids and by all other conditions of the query, because they
	// may have changed in the meantime.
	place := make(map[dialog.ID]int, len(best))
	q.Filter.IDs = nil
	for i, d := range best {
		place[d.ID] = i
		q.Filter.IDs = append(q.Filter.IDs, d.ID)
	}
	q.Filter.NameContains = ""
	stretches, err := within(q, []bson.A{nil})
	if err != nil {
		return nil, err
	}
	page, err := s.findAll(ctx, or(stretches), options.Find().SetProjection(whole))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(page, func(a, b dialog.Dialog) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	if q.FromEnd {
		slices.Reverse(page)
	}
	return page, nil
}

// foldMost is how many keys are updated at a time, and foldEvery is the pause before
// looking for old keys again.
const (
	foldMost  = 500
	foldEvery = time.Minute
)

// keepNames updates keys of names that other versions have stored, until ctx ends: such
// versions may still be running, and store more.
func (s *Store) keepNames(ctx context.Context, log *slog.Logger) {
	for {
		wait := foldEvery
		switch more, err := s.foldNames(ctx); {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.WarnContext(ctx, "updating the stored names failed, will retry", "retry_in_ms", wait.Milliseconds(), "error", s.errors.clean(err))
		case more:
			continue
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// foldNames updates some keys of names, and reports whether there may be more. A name that
// changes in the meantime is left for the next run.
func (s *Store) foldNames(ctx context.Context) (more bool, err error) {
	var old bson.A
	for _, keys := range []bson.D{
		{{Key: "$gt", Value: ""}, {Key: "$lt", Value: dialog.NameKeyPrefix}},
		{{Key: "$gte", Value: dialog.NameKeyUnversioned}},
	} {
		old = append(old, bson.D{{Key: fieldListedFor, Value: everyServer}, {Key: fieldNameFolded, Value: keys}})
	}
	fields := bson.D{{Key: fieldName, Value: 1}, {Key: fieldNameFolded, Value: 1}}
	cursor, err := s.dialogs.Find(ctx, or(old), options.Find().SetProjection(fields).SetLimit(foldMost))
	if err != nil {
		return false, err
	}
	var found []document
	if err := cursor.All(ctx, &found); err != nil || len(found) == 0 {
		return false, err
	}
	writes := make([]driver.WriteModel, len(found))
	for i, d := range found {
		filter := bson.D{{Key: fieldID, Value: d.ID}, {Key: fieldName, Value: d.Name}, {Key: fieldNameFolded, Value: d.NameFolded}}
		update := bson.D{{Key: "$set", Value: bson.D{{Key: fieldNameFolded, Value: dialog.NameKey(d.Name)}}}}
		writes[i] = driver.NewUpdateOneModel().SetFilter(filter).SetUpdate(update)
	}
	_, err = s.dialogs.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	return err == nil, err
}
