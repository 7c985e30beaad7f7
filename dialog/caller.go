package dialog

// A Caller is who stands behind a request. The zero Caller is anonymous.
type Caller struct {
	// User is set for a session token, and for an API key that acts on
	// behalf of a user.
	User UserID
	// APIKey is the name of the API key that was used, empty for none.
	APIKey string
}

// A CallerKind tells how much a caller may be.
type CallerKind int

// The kinds of callers.
const (
	Anonymous CallerKind = iota
	// User is one user, however he came.
	User
	// Server is an API key that acts for nobody.
	Server
)

// Kind tells what kind of caller this is.
func (c Caller) Kind() CallerKind {
	switch {
	case c.User != "":
		return User
	case c.APIKey != "":
		return Server
	}
	return Anonymous
}

// Actor is the caller's entry in the change record.
func (c Caller) Actor() Actor { return Actor(c) }

// An Actor is who made a change: a user, an API key, or an API key on behalf
// of a user.
type Actor struct {
	User   UserID
	APIKey string
}

// Identity returns the one actor behind the credentials: a user is the same
// actor with a session token and with an API key on their behalf, and a server
// is its key. It is comparable, and goes by it what belongs to one actor:
// idempotency keys, rate limits.
func (a Actor) Identity() Actor {
	if a.User != "" {
		a.APIKey = ""
	}
	return a
}
