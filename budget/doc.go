// Package budget limits the memory of requests: their bodies, the values
// decoded from them, and their answers. Each kind has a pool of bytes for all
// requests in flight, of which one caller can use at most half. What an
// ordinary request needs is never counted and never waits.
//
// docs/operations.md has the table of all budgets of the program. The package
// must not know GraphQL or QuickBlox, nor how credentials are checked.
package budget

import "fmt"

// Limits are how much memory requests may take. All of them are in bytes, except
// Values and Nesting.
type Limits struct {
	// Body is the largest request body, AnonymousBody that of a request without
	// credentials.
	Body, AnonymousBody int64
	// Values is how many values the JSON or form of a request may have, and
	// Nesting how deep its JSON may nest.
	Values, Nesting int
	// Answer is the largest answer.
	Answer int64
	// Requests and Answers are what all requests in flight, and all answers to
	// them, may take together.
	Requests, Answers int64
	// Documents is the memory of cached GraphQL documents.
	Documents int64
}

// DefaultLimits serve honest clients with large groups: 100 dialogs of 1,000
// occupants with ids of 36 characters are an answer of 4 MB.
func DefaultLimits() Limits {
	return Limits{
		Body: 1 << 20, AnonymousBody: 64 << 10, Values: 20_000, Nesting: 32,
		Answer: 8 << 20, Requests: 26 << 20, Answers: 72 << 20, Documents: 8 << 20,
	}
}

// Validate refuses limits under which a single request of the allowed size could
// not be served.
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

// What requests may use without being counted in a pool. Connections are
// limited, so this is limited too.
const (
	freeBody   = 16 << 10
	freeValues = 64 << 10
	freeAnswer = 128 << 10
)
