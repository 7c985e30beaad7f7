package sqlite

import (
	"context"
	"runtime"
	"sync"

	"dialogs/dialog"
	"dialogs/fair"
)

// jobQuantum is the cost that a caller's jobs may have in one turn: a few small
// changes.
const jobQuantum = 32

// A job is one atomic change of the database.
type job struct {
	// ctx is the caller's. A job whose ctx has ended before its turn is
	// skipped; a job that has started is finished.
	ctx  context.Context
	run  func(w *writer) error
	done chan<- error
	// entry is the job's place in the queue.
	entry *fair.Entry[dialog.Actor, *job]
}

// jobs are the jobs that wait for the writer. Credentials take turns, and so do
// the users of one API key. The server's own jobs belong to the zero actor.
//
// Each job has a goroutine that waits for it until its deadline, so the limit
// of requests in progress also limits the queue.
type jobs struct {
	mu     sync.Mutex
	queue  *fair.Queue[dialog.Actor, *job]
	closed bool
	// ready has a signal after a job was added or the queue was closed.
	ready chan struct{}
}

func newJobs() *jobs {
	return &jobs{queue: fair.New[dialog.Actor, *job](jobQuantum), ready: make(chan struct{}, 1)}
}

// add queues a job. cost is the number of rows that it will write, as far as that
// is known.
func (q *jobs) add(caller dialog.Actor, cost int, j *job) {
	q.mu.Lock()
	j.entry = q.queue.Push(caller.Credential(), caller, cost, j)
	q.mu.Unlock()
	q.signal()
}

// remove takes back a job that has not started.
func (q *jobs) remove(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue.Remove(j.entry)
}

// close ends the writer once the waiting jobs are done.
func (q *jobs) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *jobs) signal() {
	select {
	case q.ready <- struct{}{}:
	default: // a signal is there already
	}
}

// wait returns the number of waiting jobs, once there is one; 0 when the queue
// is closed and empty. Callers that were just answered may be about to send
// their next job: wait lets them run once, because a job that misses the group
// costs another fsync.
func (q *jobs) wait() int {
	for {
		n, closed := q.state()
		if n > 0 {
			return q.settled(n)
		}
		if closed {
			return 0
		}
		<-q.ready
	}
}

// settled returns the number of waiting jobs once no more arrive.
func (q *jobs) settled(n int) int {
	for n < groupMost {
		runtime.Gosched()
		now, _ := q.state()
		if now <= n {
			break
		}
		n = now
	}
	return n
}

func (q *jobs) state() (waiting int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queue.Len(), q.closed
}

// take returns the next job of a group; nil when the group should end, because
// no job waits or the next one is heavy and not the first.
func (q *jobs) take(first bool) *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	entry, ok := q.queue.Next()
	if !ok || !first && entry.Cost >= heavyCost {
		return nil
	}
	q.queue.Pop()
	return entry.Item
}

// charge corrects the cost of a job by the rows that it wrote.
func (q *jobs) charge(j *job, wrote int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue.Charge(j.entry, wrote-j.entry.Cost)
}
