package edge

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

const (
	// mostBuckets bounds the memory of one table of buckets: about 1 MiB. A bucket
	// that is not used is full after two seconds, and forgotten.
	mostBuckets = 16_384
	// evictionSample is how many buckets are looked at to find one to forget.
	evictionSample = 16
)

// A bucketName is a hash of what a bucket is for. Its seeds are secret, so that
// nobody can choose to share another's bucket.
type bucketName [2]uint64

// buckets are token buckets. Each is kept as the moment at which it will be
// full again, in seconds since start; a full one does not have to be kept. When
// the table is full, the fullest of a few is forgotten: strangers who fill the
// table evict each other, not a caller who has to wait.
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
	// perSecond is how fast the bucket fills; more than 0.
	perSecond float64
	// setting is the flag that sets it.
	setting string
}

// burst is how much a full bucket has: two seconds' worth lets a page load.
func (w withdrawal) burst() float64 { return math.Ceil(2 * w.perSecond) }

func nameOf[T comparable](b *buckets, of T) bucketName {
	return bucketName{maphash.Comparable(b.seeds[0], of), maphash.Comparable(b.seeds[1], of)}
}

// take takes units from all buckets, or from none and tells how long to wait
// for the one that is emptiest. More units than a bucket can have are given by
// a full one, which is then empty for the longer. What was taken before for the same
// counts as if it were still in the bucket.
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

// maxWait is the longest that a caller is told to wait. A bucket that fills by
// less than a token in that time is as good as closed.
const maxWait = 24 * time.Hour

// evict forgets the fullest of a few buckets, and every one of them that is
// full. b.mu must be held.
func (b *buckets) evict(at float64) {
	looked, fullest, least := 0, bucketName{}, math.Inf(1)
	for name, fullAt := range b.fullAt { // starts at random
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
