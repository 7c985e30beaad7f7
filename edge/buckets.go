package edge

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

const (
	// mostBuckets limits the memory of one table of buckets to about 1 MiB. A bucket that
	// is not used is full again after two seconds, and then forgotten.
	mostBuckets = 16_384
	// evictionSample is how many buckets are compared to find one to forget.
	evictionSample = 16
)

// A bucketName is a hash of what a bucket is for. The seeds are random and secret, so that
// nobody can choose to share the bucket of another caller.
type bucketName [2]uint64

// buckets are token buckets. For each, only the time is kept at which it will be full
// again, in seconds since start; full buckets do not have to be kept. When the table is
// full, the fullest of a few buckets is forgotten: if strangers fill the table, they evict
// each other, and not a caller who has to wait.
type buckets struct {
	start time.Time
	seeds [2]maphash.Seed
	most  int

	mu     sync.Mutex
	fullAt map[bucketName]float64
}

func newBuckets(start time.Time) *buckets {
	return &buckets{
		start: start, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		most: mostBuckets, fullAt: map[bucketName]float64{},
	}
}

// A withdrawal is what to take from one bucket of a table.
type withdrawal struct {
	name bucketName
	// perSecond is how many units the bucket gains per second; more than 0.
	perSecond float64
	// setting is the flag that sets perSecond.
	setting string
}

// burst returns how many units a full bucket has: those of two seconds, so that a page can
// load.
func (w withdrawal) burst() float64 { return math.Ceil(2 * w.perSecond) }

func nameOf[T comparable](b *buckets, of T) bucketName {
	return bucketName{maphash.Comparable(b.seeds[0], of), maphash.Comparable(b.seeds[1], of)}
}

// take takes units from all of the buckets. If one of them does not have enough, it takes
// nothing, and returns the emptiest bucket and how long to wait for it. If units is more
// than a bucket can hold, a full bucket is enough, and it then takes longer to fill again.
// before is how many units the same operation has already taken: they count as if they
// were still in the bucket.
func (b *buckets) take(now time.Time, units, before int, from ...withdrawal) (wait time.Duration, emptiest withdrawal) {
	at := now.Sub(b.start).Seconds()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range from {
		needed := max(0, min(float64(units+before), w.burst())-float64(before)) / w.perSecond
		missing := max(b.fullAt[w.name], at) + needed - at - w.burst()/w.perSecond
		if d := time.Duration(math.Round(min(missing, maxWait.Seconds()) * float64(time.Second))); d > wait {
			wait, emptiest = d, w
		}
	}
	if wait > 0 {
		return wait, emptiest
	}
	for _, w := range from {
		fullAt, known := b.fullAt[w.name]
		if !known && len(b.fullAt) >= b.most {
			b.evict(at)
		}
		b.fullAt[w.name] = max(fullAt, at) + float64(units)/w.perSecond
	}
	return 0, withdrawal{}
}

// maxWait is the longest time that a caller is told to wait. If a bucket does not gain a
// unit in that time, it is practically closed.
const maxWait = 24 * time.Hour

// evict removes the fullest of a few buckets, and all full ones among them. b.mu must be
// held.
func (b *buckets) evict(at float64) {
	looked, fullest, least := 0, bucketName{}, math.Inf(1)
	for name, fullAt := range b.fullAt { // the order of a map is random
		if fullAt <= at {
			delete(b.fullAt, name)
		}
		if fullAt < least {
			fullest, least = name, fullAt
		}
		if looked++; looked == evictionSample {
			break
		}
	}
	delete(b.fullAt, fullest)
}
