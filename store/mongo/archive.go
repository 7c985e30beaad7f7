package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// Scan reads whole dialogs in the order of their ids.
func (s *Store) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	filter := bson.D{{Key: fieldDeletedAt, Value: nil}}
	if after != "" {
		id, err := objectID(after)
		if err != nil {
			return nil, err
		}
		filter = append(filter, bson.E{Key: fieldID, Value: bson.D{{Key: "$gt", Value: id}}})
	}
	find := options.Find().SetProjection(withHistory).SetSort(bson.D{{Key: fieldID, Value: 1}}).SetLimit(int64(limit))
	list, err := s.findAll(ctx, filter, find)
	if err != nil {
		return nil, s.fail(ctx, "scanning dialogs", err)
	}
	return list, nil
}

// Restore stores whole dialogs as they are. First it claims the pairs of all of them, then
// it writes all dialogs at once. If it fails in between, it can be repeated: it then finds
// its claims and writes the dialogs.
func (s *Store) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if len(dialogs) == 0 {
		return nil
	}
	there, err := s.people(ctx, dialogs)
	if err != nil {
		return s.fail(ctx, "reading who is part of the dialogs", err)
	}
	var writes []driver.WriteModel
	paired := map[[2]dialog.UserID]dialog.ID{}
	for i := range dialogs {
		d := &dialogs[i]
		if a, b, ok := d.Pair(); ok && !d.Deleted {
			// The claim of a dialog that is not written yet could be taken over.
			if other, taken := paired[[2]dialog.UserID{a, b}]; taken && other != d.ID {
				return dialog.ErrPairTaken(d.ID)
			}
			paired[[2]dialog.UserID{a, b}] = d.ID
			if err := s.holdPair(ctx, a, b, d); err != nil {
				return s.fail(ctx, "claiming a pair", err)
			}
		}
		write, moved, err := replacement(d, there[d.ID])
		if err != nil {
			return err
		}
		if err := s.moveDepartures(ctx, there[d.ID].ID, moved); err != nil {
			return s.fail(ctx, "storing who has left a dialog", err)
		}
		writes = append(writes, write)
	}
	if _, err := s.dialogs.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false)); err != nil {
		return s.fail(ctx, "restoring dialogs", err)
	}
	return nil
}

// holdPair makes the dialog the only one of its two users.
func (s *Store) holdPair(ctx context.Context, a, b dialog.UserID, d *dialog.Dialog) error {
	id, err := objectID(d.ID)
	if err != nil {
		return err
	}
	own := newPairClaim(a, b, id, d.CreatedAt)
	for try := 0; ; try++ {
		err := s.tryHoldPair(ctx, a, b, own)
		if !errors.Is(err, errAgain) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

func (s *Store) tryHoldPair(ctx context.Context, a, b dialog.UserID, own claim) error {
	there, mine, err := s.take(ctx, own)
	if err != nil || mine || there.Dialog == own.Dialog {
		return err
	}
	made, found, err := s.lookUp(ctx, there.Dialog, whole)
	if err != nil {
		return err
	}
	if found && made.isPair(a, b) {
		return dialog.ErrPairTaken(dialog.ID(own.Dialog.Hex()))
	}
	return s.supplant(ctx, found, there, own)
}

// people returns the stored documents of those dialogs that already exist, with their
// current and former members.
func (s *Store) people(ctx context.Context, dialogs []dialog.Dialog) (map[dialog.ID]document, error) {
	ids := make(bson.A, len(dialogs))
	for i := range dialogs {
		id, err := objectID(dialogs[i].ID)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	fields := bson.D{{Key: fieldOwner, Value: 1}, {Key: fieldAdmins, Value: 1}, {Key: fieldOccupants, Value: 1}, {Key: fieldDeletedAt, Value: 1}, {Key: fieldDeparted, Value: 1}}
	filter := bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: ids}}}}
	cursor, err := s.dialogs.Find(ctx, filter, options.Find().SetProjection(fields))
	if err != nil {
		return nil, err
	}
	var documents []document
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, err
	}
	there := make(map[dialog.ID]document, len(documents))
	for _, doc := range documents {
		there[dialog.ID(doc.ID.Hex())] = doc
	}
	return there, nil
}

// replacement overwrites the dialog with the same id. It is an update and not a
// replaceOne, because only an update can set a field from the server's clock.
func replacement(d *dialog.Dialog, there document) (write driver.WriteModel, moved []departure, err error) {
	doc, err := toDocument(d)
	if err != nil {
		return nil, nil, err
	}
	if there.ID != (bson.ObjectID{}) {
		before := dialog.Dialog{Owner: there.Owner, Admins: there.Admins, Occupants: there.Occupants, Deleted: there.DeletedAt != nil}
		now := time.Now()
		left := departures(now, now.Add(dialog.DefaultSyncKept), dialog.Without(before.Members(), d.Members()))
		doc.Departed, moved = departed(there.Departed, left, d.Members())
	}
	id := doc.ID
	doc.ID = bson.ObjectID{}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil, nil, err
	}
	var gone bson.D
	for _, field := range []string{
		fieldName, fieldPhoto, fieldOccupants, fieldAdmins, fieldListedFor, fieldCustom,
		fieldDeletedAt, fieldForgetAt, fieldDeletedFor, fieldDeparted, fieldCreatedWith, fieldHistory,
	} {
		if _, err := bson.Raw(raw).LookupErr(field); err != nil {
			gone = append(gone, bson.E{Key: field, Value: ""})
		}
	}
	update := bson.D{
		{Key: "$set", Value: bson.Raw(raw)},
		{Key: "$currentDate", Value: bson.D{{Key: fieldChangedAt, Value: true}}},
	}
	if len(gone) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: gone})
	}
	return driver.NewUpdateOneModel().SetFilter(bson.D{{Key: fieldID, Value: id}}).SetUpdate(update).SetUpsert(true), moved, nil
}
