package dialog

import (
	"context"
	"time"
)

// A Store keeps dialogs, classes, API keys, ended sessions and webhooks. Engines implement
// it. Package storetest has a test for every "must" below, which every engine
// runs.
//
// An engine must compare ids and names byte by byte. It must store instants in
// milliseconds and return them in UTC. It must still have everything that it
// acknowledged after a crash at any point. Each method must be one atomic step,
// all or nothing. Methods are safe for concurrent use. Slices and maps that are
// empty are nil. Where a method returns an [Error], all engines must return
// equal ones, text and field included.
//
// When the store can't be reached, or ctx ends first, a method must return
// [ErrUnavailable]; the outcome may then be unknown. Failures that are not an
// [Error] are internal.
type Store interface {
	DialogStore
	ClassStore
	KeyStore
	SessionStore
	WebhookStore
	ErasureStore
	ChangeLog
	Archive

	// Ping must return nil only when the store can be read and written.
	Ping(ctx context.Context) error
	// Close must wait for the calls in progress, and then release everything.
	// Later calls are [Unavailable].
	Close() error
}

// A DialogStore keeps dialogs. Those that it returns may share their lists and
// maps with others: nobody may change these.
type DialogStore interface {
	// Dialog must return the dialog, with its numbered History if withHistory
	// is set. For a tombstone, and without a dialog, it must return
	// [ErrNotFound].
	Dialog(ctx context.Context, id ID, withHistory bool) (Dialog, error)

	// Dialogs must return the page that the query describes. The cost of a
	// page must depend on the number of the user's own dialogs (in the other
	// scopes, on the page), not on the number of all dialogs.
	Dialogs(ctx context.Context, q Query) ([]Dialog, error)

	// Count must return the number of dialogs that the query's scope and
	// filter select. It must ignore the positions, skip and limit.
	Count(ctx context.Context, q Query) (int, error)

	// Create must store the plan's dialog, or find an existing one instead, in
	// one step even when many try at once:
	//   - The actor used the plan's key within the last [KeyKept]: it
	//     must check [CreatePlan.CheckReplay] and return the dialog that was
	//     created then, not created. That can be a tombstone, or, when
	//     nothing is left of it, the zero Dialog marked Deleted.
	//   - The two users of a Private dialog have one: it must return that one
	//     as it is, not created. The key then counts as unused.
	//   - IDGiven is set, and a dialog or tombstone has the id: it must
	//     return [ErrIDTaken] and leave nothing behind.
	//   - The owner of a new PublicGroup owns as many as
	//     [CreatePlan.Receives] allows: it must return
	//     [ErrTooManyPublicGroups] and leave nothing behind. Where an engine
	//     can't count and create in one step, creations at the same moment
	//     may each go beyond by one.
	Create(ctx context.Context, p CreatePlan) (CreateOutcome, error)

	// Update must do what [Plan.Decide] says about the current dialog, in one
	// atomic step, and return what Decide returns; the Outcome's History may
	// be missing. Without a dialog it must return [ErrNotFound]. A deleted
	// dialog must stay as a tombstone until its ForgetAt and then disappear
	// automatically. For [Plan.Receives] it must do as Create does for its
	// owner. The users of a deleted Private dialog can have a new one
	// at once.
	Update(ctx context.Context, p Plan) (Outcome, error)
}

// A ClassStore keeps the definitions of custom classes.
type ClassStore interface {
	// Classes must return all classes, by name.
	Classes(ctx context.Context) ([]Class, error)
	// SaveClass must store the class if the stored one has the revision before
	// (revision 1: if there is none), and report whether it did.
	SaveClass(ctx context.Context, c Class) (saved bool, err error)
}

// An APIKey is the credential of a back end. The key itself is 256 random bits
// and is never stored.
type APIKey struct {
	// Name is unique. Change records name the actor by it.
	Name string
	// Hash is the SHA-256 of the key's text.
	Hash      [32]byte
	CreatedAt time.Time
	// ExpiresAt is when it stops working; zero for never.
	ExpiresAt time.Time
	// Note says what it is for; may be empty. At most [MaxKeyNote] characters.
	Note string
	// Scopes are what it may do.
	Scopes KeyScope
	// UsedOn is the day of its last use, in UTC; zero when it was never used.
	UsedOn time.Time
}

// MaxKeyNote is the longest note of an API key, in characters.
const MaxKeyNote = 200

// MaxAPIKeys is how many API keys a store may have: servers keep all of them in memory.
const MaxAPIKeys = 5000

// A KeyStore keeps API keys.
type KeyStore interface {
	// AddAPIKey must store the key. When a key has the name already, it must
	// return [ErrAPIKeyExists] and leave that key as it is.
	AddAPIKey(ctx context.Context, k APIKey) error
	// APIKeys must return all keys, by name.
	APIKeys(ctx context.Context) ([]APIKey, error)
	// RemoveAPIKey must remove the key. Without one it must return
	// [ErrAPIKeyNotFound].
	RemoveAPIKey(ctx context.Context, name string) error
	// UseAPIKey must store the day as that of the last use, unless a later one is
	// stored. Without a key of this name it must do nothing.
	UseAPIKey(ctx context.Context, name string, day time.Time) error
}

// An EndedSession is a session token that must be rejected although it has not
// expired yet.
type EndedSession struct {
	// ID identifies the token; 1 to 128 bytes.
	ID string
	// Until is when the token expires.
	Until time.Time
}

// A SessionStore keeps the session tokens that were ended before they expired.
type SessionStore interface {
	// EndSession must keep the session at least until its Until, and may
	// forget it afterwards. Of two calls for one session, the later Until
	// counts.
	EndSession(ctx context.Context, s EndedSession) error
	// SessionsEnded must return those of the sessions that were ended, in any
	// order. It is called often.
	SessionsEnded(ctx context.Context, ids []string) ([]string, error)
	// EndedSessions must return all ended sessions that are kept, by id.
	EndedSessions(ctx context.Context) ([]EndedSession, error)

	// SuspendUser must store that the user is suspended, since this instant, or that they
	// are not. Of two suspensions without a reinstatement in between, the earlier instant
	// counts; a zero one is unknown.
	SuspendUser(ctx context.Context, user UserID, suspended bool, at time.Time) error
	// EndUserSessions must store that the sessions of the user which began until this
	// instant have ended. Of two calls for one user, the later instant counts.
	EndUserSessions(ctx context.Context, user UserID, at time.Time) error
	// UserAccess must return what is stored about those of the users who are suspended
	// or have ended sessions, in any order. It is called often.
	UserAccess(ctx context.Context, users []UserID) ([]UserAccess, error)
	// AllUserAccess must return that of all users, by id.
	AllUserAccess(ctx context.Context) ([]UserAccess, error)
}

// A UserAccess is which credentials of a user must be rejected.
type UserAccess struct {
	User UserID
	// Suspended means all of them.
	Suspended bool
	// SuspendedAt is since when, UTC, in whole milliseconds; zero if unknown, because an
	// earlier version of the program stored it.
	SuspendedAt time.Time
	// SessionsEndedAt means session tokens that were issued until then, UTC, in whole
	// milliseconds; zero for none.
	SessionsEndedAt time.Time
}

// A WebhookStore keeps webhooks, and how far their deliveries have come.
type WebhookStore interface {
	// Webhooks must return all webhooks, by their creation and then by id.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// SaveWebhook must store the webhook if the stored one has the revision
	// before (revision 1: if there is none), and report whether it did. The
	// progress must stay as it is.
	SaveWebhook(ctx context.Context, w Webhook) (saved bool, err error)
	// RemoveWebhook must remove the webhook and its progress. Without one it
	// must return [ErrWebhookNotFound].
	RemoveWebhook(ctx context.Context, id ID) error

	// LeaseWebhook must let the lease's holder deliver until its end, unless
	// another holder may do so now, and report whether it did. With a lease it
	// must return the progress. Without a webhook, nobody gets a lease.
	LeaseWebhook(ctx context.Context, id ID, l Lease) (p WebhookProgress, leased bool, err error)
	// SaveWebhookProgress must store the progress if nobody but the holder may
	// deliver, and report whether it did.
	SaveWebhookProgress(ctx context.Context, id ID, holder string, p WebhookProgress) (saved bool, err error)
	// WebhookProgress must return the progress; the zero value when nothing was
	// delivered yet. Without a webhook it must return [ErrWebhookNotFound].
	WebhookProgress(ctx context.Context, id ID) (WebhookProgress, error)
}

// A Lease lets one instance do what only one at a time should do.
type Lease struct {
	// Holder identifies the instance; 1 to 64 bytes.
	Holder string
	// Now is when it asks. Until is the end; Now gives the lease back.
	Now, Until time.Time
}
