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

// An erasure is a stored job in progress.
type erasure struct {
	User      dialog.UserID `bson:"_id"`
	By        string        `bson:"by"`
	StartedAt bson.DateTime `bson:"started_at"`
	Dialogs   int           `bson:"dialogs"`
	After     dialog.ID     `bson:"after"`
}

func (e *erasure) erasure() dialog.Erasure {
	return dialog.Erasure{User: e.User, By: e.By, StartedAt: instant(e.StartedAt), Dialogs: e.Dialogs, After: e.After}
}

// StartErasure stores a job, unless its user has one.
func (s *Store) StartErasure(ctx context.Context, e dialog.Erasure) (dialog.Erasure, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.Erasure{}, err
	}
	defer end()
	own := erasure{e.User, e.By, millis(e.StartedAt), e.Dialogs, e.After}
	there := own
	for try := 0; ; try++ {
		_, err := s.erasures.InsertOne(ctx, own)
		if driver.IsDuplicateKeyError(err) {
			err = s.erasures.FindOne(ctx, bson.D{{Key: "_id", Value: e.User}}).Decode(&there)
		}
		if errors.Is(err, driver.ErrNoDocuments) || isContention(err) { // the existing job has just finished
			if err = pause(ctx, try); err == nil {
				continue
			}
		}
		if err != nil {
			return dialog.Erasure{}, s.fail(ctx, "starting an erasure", err)
		}
		return there.erasure(), nil
	}
}

// Erasures lists the jobs in progress.
func (s *Store) Erasures(ctx context.Context) ([]dialog.Erasure, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var stored []erasure
	cursor, err := s.erasures.Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "started_at", Value: 1}, {Key: "_id", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &stored)
	}
	if err != nil {
		return nil, s.fail(ctx, "reading the erasures", err)
	}
	var all []dialog.Erasure
	for i := range stored {
		all = append(all, stored[i].erasure())
	}
	return all, nil
}

// AdvanceErasure stores the progress of a job: the last dialog that is done.
func (s *Store) AdvanceErasure(ctx context.Context, user dialog.UserID, after dialog.ID) (bool, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	result, err := s.erasures.UpdateOne(ctx, bson.D{{Key: "_id", Value: user}}, bson.D{{Key: "$set", Value: bson.D{{Key: "after", Value: after}}}})
	if err != nil {
		return false, s.fail(ctx, "storing the progress of an erasure", err)
	}
	return result.MatchedCount > 0, nil
}

// FinishErasure removes everything that is kept about a user besides dialogs, unless the
// user is again a member of a dialog. It removes the job last: after a crash, the job is
// finished again.
func (s *Store) FinishErasure(ctx context.Context, user dialog.UserID, until time.Time) (bool, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	finished, err := s.finishErasure(ctx, user, until)
	if err != nil {
		return false, s.fail(ctx, "finishing an erasure", err)
	}
	return finished, nil
}

func (s *Store) finishErasure(ctx context.Context, user dialog.UserID, until time.Time) (bool, error) {
	err := s.dialogs.FindOne(ctx, bson.D{{Key: fieldListedFor, Value: user}}, options.FindOne().SetProjection(onlyID)).Err()
	if !errors.Is(err, driver.ErrNoDocuments) {
		return false, err
	}
	if dropped, err := s.dropClaimsOf(ctx, user); !dropped || err != nil {
		return false, err
	}
	if _, err := s.departures.DeleteMany(ctx, bson.D{{Key: "_id.user", Value: user}}); err != nil {
		return false, err
	}
	var access userAccess
	err = s.users.FindOne(ctx, bson.D{{Key: "_id", Value: user}}).Decode(&access)
	if err != nil && !errors.Is(err, driver.ErrNoDocuments) {
		return false, err
	}
	if access.SessionsEnded != nil {
		if err := s.keepErased(ctx, hashOf(user), *access.SessionsEnded, millis(until)); err != nil {
			return false, err
		}
	}
	// If the sessions were ended again in the meantime, the document is kept: otherwise, that
	// would be lost.
	same := bson.D{{Key: "_id", Value: user}, {Key: "sessions_ended", Value: access.SessionsEnded}}
	if _, err = s.users.DeleteOne(ctx, same); err != nil {
		return false, err
	}
	if left, err := s.users.CountDocuments(ctx, bson.D{{Key: "_id", Value: user}}); left > 0 || err != nil {
		return false, err
	}
	_, err = s.erasures.DeleteOne(ctx, bson.D{{Key: "_id", Value: user}})
	return err == nil, err
}

func (s *Store) keepErased(ctx context.Context, hash bson.Binary, ended, until bson.DateTime) error {
	later := bson.D{{Key: "$max", Value: bson.D{{Key: "sessions_ended", Value: ended}, {Key: "until", Value: until}}}}
	return s.upsert(ctx, s.users, hash, later)
}

// ErasedUsers lists the users who were erased and are still kept.
func (s *Store) ErasedUsers(ctx context.Context) (all []dialog.ErasedUser, err error) {
	stored, err := s.access(ctx, bson.D{{Key: "until", Value: bson.D{{Key: "$exists", Value: true}}}})
	if err != nil {
		return nil, err
	}
	for _, u := range stored {
		erased := dialog.ErasedUser{Until: instant(u.Until)}
		if _, hash, ok := u.User.BinaryOK(); ok && u.SessionsEnded != nil && copy(erased.Hash[:], hash) == len(erased.Hash) {
			erased.SessionsEndedAt = instant(*u.SessionsEnded)
			all = append(all, erased)
		}
	}
	return all, nil
}

// KeepErasedUser stores a user who was erased in another store, which is being migrated.
func (s *Store) KeepErasedUser(ctx context.Context, u dialog.ErasedUser) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := s.keepErased(ctx, bson.Binary{Data: u.Hash[:]}, millis(u.SessionsEndedAt), millis(u.Until)); err != nil {
		return s.fail(ctx, "keeping an erased user", err)
	}
	return nil
}

// upsert updates a document, or inserts it.
func (s *Store) upsert(ctx context.Context, c *driver.Collection, id any, update bson.D) error {
	for try := 0; ; try++ {
		_, err := c.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}}, update, options.UpdateOne().SetUpsert(true))
		if err = againIfTaken(err); !errors.Is(err, errAgain) { // else another call is inserting it
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// claimsOf matches the claims that name a user.
func claimsOf(user dialog.UserID) bson.D {
	return or(bson.A{
		bson.D{{Key: "_id.user", Value: user}},
		bson.D{{Key: "_id.pair.a", Value: user}},
		bson.D{{Key: "_id.pair.b", Value: user}},
	})
}

// claimInUse is for how long a claim without a dialog may belong to a creation that is
// still running.
const claimInUse = time.Minute

// dropClaimsOf removes the claims that name a user, who is no longer a member of any
// dialog. It reports whether none is left: a creation that is running may still need one.
func (s *Store) dropClaimsOf(ctx context.Context, user dialog.UserID) (dropped bool, err error) {
	cursor, err := s.claims.Find(ctx, claimsOf(user))
	if err != nil {
		return false, err
	}
	var list []claim
	if err := cursor.All(ctx, &list); err != nil {
		return false, err
	}
	for _, c := range list {
		there, found, err := s.lookUp(ctx, c.Dialog, whole)
		if err != nil {
			return false, err
		}
		if !found && time.Since(instant(c.At)) < claimInUse || found && there.DeletedAt == nil && there.Type == dialog.Private {
			continue
		}
		if err := s.drop(ctx, c); err != nil {
			return false, err
		}
	}
	left, err := s.claims.CountDocuments(ctx, claimsOf(user))
	return left == 0, err
}

// UserKept reports whether anything is kept about a user besides dialogs.
func (s *Store) UserKept(ctx context.Context, user dialog.UserID) (bool, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	for _, place := range []struct {
		in     *driver.Collection
		filter bson.D
	}{
		{s.erasures, bson.D{{Key: "_id", Value: user}}},
		{s.users, bson.D{{Key: "_id", Value: user}, {Key: "$or", Value: bson.A{
			bson.D{{Key: "suspended", Value: true}}, bson.D{{Key: "sessions_ended", Value: bson.D{{Key: "$ne", Value: nil}}}},
		}}}},
		{s.claims, claimsOf(user)},
		{s.departures, bson.D{{Key: "_id.user", Value: user}}},
	} {
		err := place.in.FindOne(ctx, place.filter, options.FindOne().SetProjection(onlyID)).Err()
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, driver.ErrNoDocuments) {
			return false, s.fail(ctx, "looking for a user", err)
		}
	}
	return false, nil
}
