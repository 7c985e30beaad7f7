package mongo

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// overlap is how far readers of changes look back: a write can become visible later than
// others of the same time, and the database's clock can go back, for example when the
// primary changes.
const overlap = 10 * time.Second

// clockEvery is how long a reading of the database's clock is used.
const clockEvery = time.Second

// A reading is the content of the document with the database's clock.
type reading struct {
	// Epoch changes when the clock has gone back by more than the overlap. Marks of an
	// earlier epoch are not valid.
	Epoch bson.ObjectID `bson:"epoch"`
	Now   bson.DateTime `bson:"now"`
	// Latest is the latest time that any instance has read.
	Latest bson.DateTime `bson:"latest"`
	// Kept has, for each retention time in milliseconds that instances are set to, when
	// one of them last reported it.
	Kept map[string]bson.DateTime `bson:"kept"`
}

// A clock reads the database's clock for all callers of a store.
type clock struct {
	mu   sync.Mutex
	last reading
	at   time.Time // of the last reading, by the clock of this machine
	// seen is the last reading, for those who do not wait for the next one.
	seen atomic.Pointer[seenClock]
}

// A seenClock is what the database's clock said at a time of this machine.
type seenClock struct {
	said time.Time
	at   time.Time
}

// departedAt is when users depart who do so now: by the database's clock, as far as this
// instance knows it, and else by the instance's, which can be set back.
func (s *Store) departedAt(now time.Time) time.Time {
	if seen := s.clock.seen.Load(); seen != nil {
		return seen.said.Add(time.Since(seen.at))
	}
	return now
}

// now returns a reading that is at most a second old.
func (s *Store) now(ctx context.Context, kept time.Duration) (reading, error) {
	s.clock.mu.Lock() // one caller reads, and the others wait for it
	defer s.clock.mu.Unlock()
	if !s.clock.at.IsZero() && time.Since(s.clock.at) < clockEvery {
		return s.clock.last, nil
	}
	at := time.Now()
	r, err := s.readClock(ctx, kept)
	if err != nil {
		return reading{}, err
	}
	s.clock.last, s.clock.at = r, at
	s.clock.seen.Store(&seenClock{r.Now.Time(), at})
	return r, nil
}

var clockID = bson.D{{Key: fieldID, Value: "clock"}}

func (s *Store) readClock(ctx context.Context, kept time.Duration) (reading, error) {
	update := bson.D{
		{Key: "$currentDate", Value: bson.D{{Key: "now", Value: true}, {Key: "kept." + strconv.FormatInt(kept.Milliseconds(), 10), Value: true}}},
		{Key: "$setOnInsert", Value: bson.D{{Key: "epoch", Value: bson.NewObjectID()}}},
		{Key: "$max", Value: bson.D{{Key: "latest", Value: s.clock.last.Now}}},
	}
	for try := 0; ; try++ {
		r, err := s.updateClock(ctx, clockID, update)
		if err == nil && r.Now < before(r.Latest, overlap) {
			err = s.renewEpoch(ctx, r)
		}
		if err == nil && r.Now >= before(r.Latest, overlap) {
			return r, nil
		}
		if err != nil && !errors.Is(againIfTaken(err), errAgain) {
			return reading{}, err
		}
		if err := pause(ctx, try); err != nil {
			return reading{}, err
		}
	}
}

func (s *Store) updateClock(ctx context.Context, filter, update bson.D) (r reading, err error) {
	o := options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)
	err = s.sync.FindOneAndUpdate(ctx, filter, update, o).Decode(&r)
	return r, err
}

// renewEpoch starts a new epoch, unless another instance was faster.
func (s *Store) renewEpoch(ctx context.Context, r reading) error {
	s.clock.last = reading{}
	filter := append(bson.D{{Key: "epoch", Value: r.Epoch}}, clockID...)
	_, err := s.sync.UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: bson.D{
		{Key: "epoch", Value: bson.NewObjectID()}, {Key: "latest", Value: r.Now},
	}}})
	return err
}

// forgets reports whether an instance with a shorter retention time may have forgotten a
// deleted dialog after the floor.
func (r *reading) forgets(floor bson.DateTime, kept time.Duration) bool {
	for text, said := range r.Kept {
		shorter, err := strconv.ParseInt(text, 10, 64)
		if err != nil || shorter >= kept.Milliseconds() {
			continue
		}
		if floor < min(said, r.Now-bson.DateTime(shorter)) {
			return true
		}
	}
	return false
}
