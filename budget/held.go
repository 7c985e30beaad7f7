package budget

import (
	"context"

	"dialogs/dialog"
)

// A Held is the memory of what was loaded for a subscription and is not sent yet. It
// belongs to the memory of answers. It is not safe for concurrent use.
type Held struct {
	answers *Answers
	loan    *loan
	most    int64
}

// Hold starts counting what is loaded for a caller's subscription: at most this many bytes
// at a time.
func (a *Answers) Hold(c dialog.Caller, most int64) *Held {
	return &Held{answers: a, loan: a.pool.loan(c.Actor()), most: min(most, a.most)}
}

// TryTake takes the memory for as much as can be loaded, if it is free.
func (h *Held) TryTake() bool {
	missing := h.most - h.loan.bytes
	return missing <= 0 || h.loan.tryGrow(missing)
}

// Take waits for the memory until ctx ends. Its error is an [api.Refusal].
func (h *Held) Take(ctx context.Context) error {
	if missing := h.most - h.loan.bytes; missing > 0 {
		return h.loan.grow(ctx, missing)
	}
	return nil
}

// Full returns the error for memory that is not free, an [api.Refusal].
func (h *Held) Full() error { return h.loan.pool.refusal() }

// Keep gives back the memory beyond this many bytes.
func (h *Held) Keep(bytes int64) { h.loan.shrink(bytes) }

// Begin starts counting an answer that is made of what was loaded. Both have one loan: the
// answer could otherwise wait for memory that it keeps others from giving back. While the
// answer is counted, only Begin may be called.
func (h *Held) Begin() *Answer { return &Answer{answers: h.answers, loan: h.loan, held: h.loan.bytes} }
