package dialog

import (
	"fmt"
	"strings"
)

// A KeyScope is a part of what an API key may do, or several of them. 0 is everything: keys
// from before there were scopes have that.
type KeyScope int

// The scopes of API keys.
const (
	// KeyRead allows everything that changes nothing.
	KeyRead KeyScope = 1 << iota
	// KeyWrite allows creating, changing, leaving and deleting dialogs.
	KeyWrite
	// KeyAdmin allows what concerns more than dialogs: sessions, users, custom classes and
	// webhooks.
	KeyAdmin
)

var keyScopes = [...]struct {
	scope KeyScope
	name  string
}{{KeyRead, "read"}, {KeyWrite, "write"}, {KeyAdmin, "admin"}}

// String lists the scopes, separated by commas.
func (s KeyScope) String() string {
	if s == 0 {
		return "all"
	}
	return strings.Join(s.Names(), ",")
}

// Names lists the scopes; nil for everything.
func (s KeyScope) Names() (names []string) {
	for _, k := range keyScopes {
		if s&k.scope != 0 {
			names = append(names, k.name)
		}
	}
	return names
}

// ParseKeyScopes reads the names of scopes.
func ParseKeyScopes(names []string) (KeyScope, error) {
	var all KeyScope
	for _, name := range names {
		var scope KeyScope
		for _, k := range keyScopes {
			if k.name == name {
				scope = k.scope
			}
		}
		if scope == 0 {
			return 0, InvalidInput("scopes", "unknown scope "+Quote(name)+": use read, write or admin")
		}
		all |= scope
	}
	if all == 0 {
		return 0, InvalidInput("scopes", "an API key needs at least one scope: read, write or admin")
	}
	return all, nil
}

// JudgeScope denies API keys that lack a scope, also on behalf of a user.
func JudgeScope(c Caller, scope KeyScope) error {
	if c.APIKey == "" || c.Scopes == 0 || c.Scopes&scope != 0 {
		return nil
	}
	return &Error{Code: Forbidden, Message: fmt.Sprintf("this API key does not have the scope %q, only %q", scope, c.Scopes)}
}
