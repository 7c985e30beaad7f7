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
	// most is how much memory one answer can take: the reserve of the pool.
	most int64
	pool *pool
}

// memoryPerByte is how much memory an answer takes at most for each of its bytes:
// the text that is in it, and buffers that double in size.
const memoryPerByte = 3

// NewAnswers bounds answers by limits.
func NewAnswers(l Limits) *Answers {
	most := l.Answers / 2
	return &Answers{limits: l, most: most, pool: newPool("memory-answers", l.Answers, l.Answers, freeAnswer, most)}
}

// An Answer is the account of one answer. It can be charged by several goroutines
// at once, and must be closed when the answer has been sent. A nil Answer charges
// nothing.
type Answer struct {
	answers *Answers

	mu sync.Mutex
	// bytes is the length of the answer so far, memory what it takes.
	bytes, memory int64
	loan          *loan
	refused       error
	// loading lets one list be loaded at a time, and reserved is for it.
	loading  sync.Mutex
	reserved int64
}

// Begin opens the account of an answer to a caller.
func (a *Answers) Begin(c dialog.Caller) *Answer {
	return &Answer{answers: a, loan: a.pool.loan(c.Actor().Identity())}
}

// step is by how much an answer's loan grows at least.
const step = 64 << 10

// Charge counts bytes of the answer before they are made, and the memory that
// they take beside [memoryPerByte]. Its error is an [api.Refusal], which every
// later call returns too.
func (a *Answer) Charge(ctx context.Context, bytes, memory int64) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.charge(ctx, bytes, memory+bytes*memoryPerByte)
}

// Refused is the error of an answer that was refused; nil for others.
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

// borrow makes the loan as large as what is charged and reserved.
func (a *Answer) borrow(ctx context.Context) error {
	if need := a.memory + a.reserved; need > a.loan.bytes {
		return a.loan.grow(ctx, max(need-a.loan.bytes, step))
	}
	return nil
}

// Load loads something that takes memory: at most as much as given, and in the
// end as much as load returns. It waits while other answers take all the
// memory, at most until ctx ends.
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
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reserved = 0
	if charged := a.charge(ctx, 0, memory); err == nil {
		err = charged
	}
	a.loan.shrink(a.memory)
	return err
}

func (a *Answer) reserve(ctx context.Context, most int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused != nil {
		return a.refused
	}
	a.reserved = max(min(most, a.answers.most-a.memory), 0)
	if a.refused = a.borrow(ctx); a.refused != nil {
		a.reserved = 0
	}
	return a.refused
}

// ChangeMade is a refusal to show the result of a change that was made. Its message
// does not advise to send the request again.
func ChangeMade(err error) *api.Refusal {
	refusal := *api.AsRefusal(err)
	reason, _, advised := strings.Cut(refusal.Message, "): ")
	if advised {
		reason += ")"
	}
	refusal.Message, refusal.RetryAfter = "the change was made, but its result cannot be shown: "+reason, 0
	return &refusal
}

// Made says that the answer is complete: from now on, it takes only the memory
// of its bytes.
func (a *Answer) Made(bytes int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.memory = int64(bytes)
	a.loan.shrink(a.memory)
}

// Close gives back the memory of the answer.
func (a *Answer) Close() {
	if a != nil {
		a.loan.release()
	}
}

type answerKey struct{}

// WithAnswer returns a context that carries the account of an answer.
func WithAnswer(ctx context.Context, a *Answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

// AnswerOf is the account of the context's answer; nil without one.
func AnswerOf(ctx context.Context) *Answer {
	a, _ := ctx.Value(answerKey{}).(*Answer)
	return a
}
