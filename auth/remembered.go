package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// tokensRemembered and rememberedBytes limit the memory, to about 5 MB for usual
	// tokens and 15 MB at most. A token that is forgotten is verified again.
	tokensRemembered = 10_000
	// rememberedBytes is the longest token that is remembered.
	rememberedBytes = 1 << 10
)

// remembered knows session tokens that were verified, so that the signature and the
// claims of each are checked once and not with each request. It only has valid tokens,
// by their hashes: invented ones neither fill it nor can be guessed from it. Whether a
// session was ended is not part of it, and is checked each time.
type remembered struct {
	tokens *lru.Cache[[sha256.Size]byte, Identity]
}

func newRemembered() (*remembered, error) {
	tokens, err := lru.New[[sha256.Size]byte, Identity](tokensRemembered)
	return &remembered{tokens}, err
}

// find returns the identity of a token that is still valid: it has not expired, the
// secrets are those that verified it, and the clock was not set back to before its time.
func (r *remembered) find(text string, secrets *[][]byte, now time.Time) (Identity, bool) {
	if len(text) > rememberedBytes {
		return Identity{}, false
	}
	id, ok := r.tokens.Get(sha256.Sum256([]byte(text)))
	if !ok || id.secrets != secrets || now.Before(id.asOf) || !now.Before(id.ExpiresAt) {
		return Identity{}, false
	}
	return id, true
}

// add remembers a token of this server. Those of other issuers are verified each time:
// their keys can be withdrawn at any time.
func (r *remembered) add(text string, id Identity) {
	if id.secrets != nil && len(text) <= rememberedBytes {
		r.tokens.Add(sha256.Sum256([]byte(text)), id)
	}
}
