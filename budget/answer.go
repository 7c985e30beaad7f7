package budget

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"dialogs/api"
	"dialogs/dialog"
)

// Answers limits the memory that answers take while they are prepared and sent.
type Answers struct {
	limits Limits
	// most is the most memory that one answer can take, in bytes: the reserve of the pool.
	most int64
	pool *pool
}

// memoryPerByte is how many bytes of memory an answer takes at most for each of its bytes:
// for the text itself, and for buffers that double in size.
const memoryPerByte = 3

// NewAnswers makes Answers with these limits.
func NewAnswers(l Limits) *Answers {
	most := l.Answers / 2
	return &Answers{limits: l, most: most, pool: newPool("memory-answers", l.Answers, l.Answers, freeAnswer, most)}
}

// An Answer counts the memory of one answer. It is safe for concurrent use, and must be
// closed when the answer has been sent. A nil Answer counts nothing.
type Answer struct {
	answers *Answers

	mu sync.Mutex
	// bytes is the length of the answer so far, and memory what it takes, in bytes.
	bytes, memory int64
	// loan is own, or the loan of a [Held], which then has these bytes beside the answer.
	loan    *loan
	own     loan
	held    int64
	refused error
	// loading is held while a list is loaded, so that only one is at a time. reserved is
	// the memory for that list.
	loading  sync.Mutex
	reserved int64
}

// Begin starts counting an answer to a caller.
func (a *Answers) Begin(c dialog.Caller) *Answer {
	answer := &Answer{answers: a, own: *a.pool.loan(c.Actor())}
	answer.loan = &answer.own
	return answer
}

// step is the least number of bytes by which an answer's loan grows.
const step = 64 << 10

// Charge counts bytes of the answer before they are made, and the memory that they take in
// addition to 3 bytes for each of them ([memoryPerByte]). It waits while other answers
// take all the memory, at most until ctx ends. Its error is an [api.Refusal], which every
// later call returns, too.
func (a *Answer) Charge(ctx context.Context, bytes, memory int64) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.charge(ctx, bytes, memory+bytes*memoryPerByte)
}

// Refused returns why the answer was refused; nil if it was not.
func (a *Answer) Refused() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

func (a *Answer) charge(ctx context.Context, bytes, memory int64) error {
	if a.refused != nil {
		return a.refused
	}
	a.bytes, a.memory = a.bytes+bytes, a.memory+memory
	if a.bytes > a.answers.limits.Answer || a.memory > a.answers.most {
		limit, text := a.answers.limits.Answer, "the answer is too large (limit %d bytes, --limit-answer): ask for fewer items or fields"
		if a.bytes <= limit {
			limit, text = a.answers.most, "the answer takes too much memory (limit %d bytes, half of --memory-answers): ask for fewer items or fields"
		}
		a.refused = &api.Refusal{Code: api.BadUserInput, Message: fmt.Sprintf(text, limit)}
		return a.refused
	}
	a.refused = a.borrow(ctx)
	return a.refused
}

// borrow makes the loan large enough for everything that is charged and reserved.
func (a *Answer) borrow(ctx context.Context) error {
	if more := a.missing(); more > 0 {
		return a.loan.grow(ctx, more)
	}
	return nil
}

// missing returns by how many bytes the loan has to grow.
func (a *Answer) missing() int64 {
	if more := a.held + a.memory + a.reserved - a.loan.bytes; more > 0 {
		return max(more, step)
	}
	return 0
}

// Load calls load, after it has reserved the given number of bytes: the most that the
// loaded value can take. In the end, the answer is charged the bytes that load returns. It
// waits while other answers take all the memory, at most until ctx ends.
func (a *Answer) Load(ctx context.Context, most int64, load func() (int64, error)) error {
	if a == nil {
		_, err := load()
		return err
	}
	a.loading.Lock()
	defer a.loading.Unlock()
	if err := a.reserve(ctx, most); err != nil {
		return err
	}
	memory, err := load()
	return a.loaded(ctx, memory, err)
}

// LoadInTurn is like Load, for a list that may have to wait for its turn to read the store:
// the store reserves the memory after that ([dialog.Room]).
func (a *Answer) LoadInTurn(ctx context.Context, most int64, load func(context.Context) (int64, error)) error {
	if a == nil {
		_, err := load(ctx)
		return err
	}
	a.loading.Lock()
	defer a.loading.Unlock()
	memory, err := load(dialog.WithRoom(ctx, &room{answer: a, most: most}))
	return a.loaded(ctx, memory, err)
}

// A room is the memory for a list of an answer.
type room struct {
	answer *Answer
	most   int64
	taken  bool
}

// TryTake reserves the memory, if it is free.
func (r *room) TryTake() bool {
	a := r.answer
	if r.taken || !a.mu.TryLock() { // another part of the answer may be waiting for memory
		return r.taken
	}
	defer a.mu.Unlock()
	if a.refused != nil {
		return false
	}
	a.reserved = a.reservable(r.most)
	more := a.missing()
	if r.taken = more == 0 || a.loan.tryGrow(more); !r.taken {
		a.reserved = 0
	}
	return r.taken
}

// Take waits for the memory.
func (r *room) Take(ctx context.Context) error {
	if r.taken {
		return nil
	}
	err := r.answer.reserve(ctx, r.most)
	r.taken = err == nil
	return err
}

// loaded replaces the reserved memory by what was loaded.
func (a *Answer) loaded(ctx context.Context, memory int64, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reserved = 0
	if charged := a.charge(ctx, 0, memory); err == nil {
		err = charged
	}
	a.loan.shrink(a.held + a.memory)
	return err
}

func (a *Answer) reserve(ctx context.Context, most int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused != nil {
		return a.refused
	}
	a.reserved = a.reservable(most)
	if a.refused = a.borrow(ctx); a.refused != nil {
		a.reserved = 0
	}
	return a.refused
}

// reservable returns how much of the most can be reserved: an answer that needs more is
// refused.
func (a *Answer) reservable(most int64) int64 { return max(min(most, a.answers.most-a.memory), 0) }

// ChangeMade turns a refusal of an answer into one that says that the change was made, but
// its result cannot be shown. The message does not advise to send the request again.
func ChangeMade(err error) *api.Refusal {
	refusal := *api.AsRefusal(err)
	reason, _, advised := strings.Cut(refusal.Message, "): ")
	if advised {
		reason += ")"
	}
	refusal.Message, refusal.RetryAfter = "the change was made, but its result cannot be shown: "+reason, 0
	return &refusal
}

// Made says that the answer is complete: from now on, it takes only as much memory as it
// has bytes.
func (a *Answer) Made(bytes int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.memory = int64(bytes)
	a.loan.shrink(a.held + a.memory)
}

// Close gives back the memory of the answer.
func (a *Answer) Close() {
	if a != nil {
		a.loan.shrink(a.held)
	}
}
