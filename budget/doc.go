// Package budget limits the memory of requests: of their bodies, the values decoded from
// them, and their answers. Each kind has a pool of bytes for all requests in flight. One
// caller can use at most half of a pool. The memory of an ordinary request is not counted,
// so it never waits.
//
// docs/operations.md has a table of all memory limits of the program. The package must not
// know GraphQL or QuickBlox, nor how credentials are checked.
package budget

import "fmt"

// Limits are how much memory requests may take, in bytes. Values and Nesting are numbers.
type Limits struct {
	// Body is the largest request body, and AnonymousBody the largest one without
	// credentials.
	Body, AnonymousBody int64
	// Values is how many values the JSON or form of a request may have, and Nesting how
	// many levels deep its JSON may be.
	Values, Nesting int
	// Answer is the largest answer.
	Answer int64
	// Requests is what all requests in flight may take together, and Answers what all of
	// their answers may take together.
	Requests, Answers int64
	// Documents is the memory for cached GraphQL documents.
	Documents int64
}

// DefaultLimits returns limits that are enough for large groups: an answer with 100
// dialogs of 1,000 occupants, whose ids have 36 characters, has 4 MB.
func DefaultLimits() Limits {
	return Limits{
		Body: 1 << 20, AnonymousBody: 64 << 10, Values: 20_000, Nesting: 32,
		Answer: 8 << 20, Requests: 26 << 20, Answers: 72 << 20, Documents: 8 << 20,
	}
}

// Validate returns an error if a single request of the allowed size would not fit into the
// pools.
func (l Limits) Validate() error {
	if least := 4 * (l.Body + int64(l.Values)*valueBytes); l.Requests < least {
		return fmt.Errorf("--memory-requests must be at least %d bytes: four times --limit-body and %d bytes for each of --limit-values", least, valueBytes)
	}
	const times = 2 * (memoryPerByte + 1) // for half of the pool, and what is loaded
	if least := times * l.Answer; l.Answers < least {
		return fmt.Errorf("--memory-answers must be at least %d bytes: %d times --limit-answer", least, times)
	}
	return nil
}

// These are the bytes that each request may use without being counted in a pool. The
// number of connections is limited, so their sum is, too.
const (
	freeBody   = 16 << 10
	freeValues = 64 << 10
	freeAnswer = 128 << 10
)
