package dialog

// A Caller is the user or server behind a request. The zero Caller is
// anonymous.
type Caller struct {
	// User is set for a session token, and for an API key that is used on
	// behalf of a user.
	User UserID
	// APIKey is the name of the API key that was used; empty for none.
	APIKey string
	// Scopes are those of the API key.
	Scopes KeyScope
}

// A CallerKind is what a caller is in general, without regard to a dialog.
type CallerKind int

// The kinds of callers.
const (
	Anonymous CallerKind = iota
	// User is one user, with a session token or an API key on their behalf.
	User
	// Server is an API key without On-Behalf-Of.
	Server
)

// Kind returns the kind of this caller.
func (c Caller) Kind() CallerKind {
	switch {
	case c.User != "":
		return User
	case c.APIKey != "":
		return Server
	}
	return Anonymous
}

// Actor is the caller as change records name them.
func (c Caller) Actor() Actor { return Actor{User: c.User, APIKey: c.APIKey} }

// An Actor is who made a change: a user, an API key, or an API key on behalf
// of a user.
type Actor struct {
	User   UserID
	APIKey string
}

// Identity returns the one actor behind the credentials: a user is the same
// actor with a session token and with an API key on their behalf; a server is
// its key. Exactly one field is set, except for anonymous callers, and
// identities can be compared with ==. Whatever belongs to one actor goes by
// it, as idempotency keys do. Rate limits do not: a request with an API key on
// behalf of a user is charged to both. Nor do shares: see [Actor.Credential].
func (a Actor) Identity() Actor {
	if a.User != "" {
		a.APIKey = ""
	}
	return a
}

// Credential returns the actor whose shares this one has: an API key, for itself and for
// all users on whose behalf it acts, or the user of a session. So a key does not get more
// shares with more users. Exactly one field is set, except for anonymous callers.
func (a Actor) Credential() Actor {
	if a.APIKey != "" {
		a.User = ""
	}
	return a
}
