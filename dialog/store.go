package dialog

import (
	"context"
	"time"
)

// A Store keeps dialogs, classes, API keys and which sessions were ended. It
// is what an engine implements; package storetest holds every "must" below as a test that every
// engine runs.
//
// An engine must compare ids and names byte by byte, must keep instants to the
// millisecond and return them in UTC, must return what was acknowledged after
// a crash at any point, and must do each method in one atomic step or none.
// Methods are safe for concurrent use. Slices and maps that are empty are nil.
//
// When the store can't be reached, or ctx ends first, a method must return an
// [Unavailable] error; the outcome may then be unknown. Other failures that
// are no [Error] are internal.
type Store interface {
	DialogStore
	ClassStore
	KeyStore
	SessionStore
	Archive

	// Ping must answer nil only when the store can be read and written.
	Ping(ctx context.Context) error
	// Close must wait for what is under way, and then release everything.
	Close() error
}

// A DialogStore keeps dialogs.
type DialogStore interface {
	// Dialog must return the dialog, a tombstone never, with its numbered
	// History when asked for; else [ErrNotFound].
	Dialog(ctx context.Context, id ID, withHistory bool) (Dialog, error)

	// Dialogs must return the page that the query describes. What a page
	// costs must depend on how many dialogs are the user's own (or, for the
	// other scopes, on the page), not on how many there are.
	Dialogs(ctx context.Context, q Query) ([]Dialog, error)

	// Count must return how many dialogs the query's scope and filter match,
	// whatever its positions and limit.
	Count(ctx context.Context, q Query) (int, error)

	// Create must store the plan's dialog, or find the one that stands for
	// it, as one step even when many try at once:
	//   - The actor used the plan's key within the last [TombstoneKept]: the
	//     dialog made then (also a tombstone; also one that is missing
	//     altogether, as the zero Dialog marked Deleted), not created;
	//     [CreatePlan.CheckReplay] refuses another input.
	//   - A Private dialog of the plan's pair is there: that one as it is,
	//     not created, and the key is not used up.
	//   - IDGiven and the id is taken, tombstones included: [ErrIDTaken],
	//     with no claim left behind.
	Create(ctx context.Context, p CreatePlan) (CreateOutcome, error)

	// Update must do what [Plan.Decide] says about the dialog as it is, in
	// one atomic step, and return what Decide returned; [ErrNotFound] when
	// there is no such dialog. The Outcome's History may be missing. A
	// deleted dialog must stay as a tombstone for [TombstoneKept] and then
	// go by itself, its claims taken over when they are asked for.
	Update(ctx context.Context, p Plan) (Outcome, error)
}

// A ClassStore keeps the definitions of custom classes.
type ClassStore interface {
	// Classes must return all classes, by name.
	Classes(ctx context.Context) ([]Class, error)
	// SaveClass must store the class when the one that is stored has the
	// revision before it (none, for revision 1), and report whether it did.
	SaveClass(ctx context.Context, c Class) (saved bool, err error)
}

// An APIKey is a credential of a back end. The key itself is 256 random bits
// and is never kept.
type APIKey struct {
	// Name is unique among the keys, and the actor's name in change records.
	Name string
	// Hash is the SHA-256 of the key's text.
	Hash      [32]byte
	CreatedAt time.Time
}

// A KeyStore keeps API keys.
type KeyStore interface {
	// AddAPIKey must store the key; a name that is taken must be a
	// [Conflict], and the stored key stays as it is.
	AddAPIKey(ctx context.Context, k APIKey) error
	// APIKeys must return all keys, by name.
	APIKeys(ctx context.Context) ([]APIKey, error)
	// RemoveAPIKey must remove the key for good; [NotFound] without one.
	RemoveAPIKey(ctx context.Context, name string) error
}

// An EndedSession is a session token that must be refused although it has not
// expired.
type EndedSession struct {
	// ID tells the token from all others; 1 to 128 bytes.
	ID string
	// Until is when it would have expired anyway.
	Until time.Time
}

// A SessionStore keeps which session tokens were ended before their time.
type SessionStore interface {
	// EndSession must keep the session up to its Until at least, and then may
	// forget it. What is kept already must stay until the later of the two.
	EndSession(ctx context.Context, s EndedSession) error
	// SessionEnded must report whether the id is kept. It is asked for often.
	SessionEnded(ctx context.Context, id string) (bool, error)
	// EndedSessions must return all that are kept, by id.
	EndedSessions(ctx context.Context) ([]EndedSession, error)
}
