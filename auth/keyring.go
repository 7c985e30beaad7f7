package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

// A revoked key must stop working within 5 seconds on every instance, and a
// busy server must not read the keys for every request.
const (
	// keysFresh is the age after which the keys are read again in the
	// background, while they are still used.
	keysFresh = 2 * time.Second
	// keysUsable is the age after which the keys must not be used.
	keysUsable = 4 * time.Second
	// keysGap is the minimum time between two reads, so that a flood of
	// unknown keys costs the store ten reads per second and not one each.
	keysGap = 100 * time.Millisecond
	// keysTimeout is how long a read may take: a later result is stale.
	keysTimeout = 3 * time.Second
)

// A keyring verifies API keys against those in the store, and those of the
// process.
type keyring struct {
	store dialog.KeyStore
	own   knownKeys
	now   func() time.Time
	reads *refresher
	known atomic.Pointer[knownKeys]
	uses  *keyUses
}

// knownKeys are the keys in the store at some time.
type knownKeys struct {
	asOf time.Time // not later than that time
	keys []dialog.APIKey
}

func newKeyring(ctx context.Context, c Config) *keyring {
	k := &keyring{store: c.Keys, own: knownKeys{keys: c.ProcessKeys}, now: c.Now, uses: newKeyUses(ctx, c)}
	k.known.Store(&knownKeys{})
	k.reads = newRefresher(ctx, keysGap, keysTimeout, c.Now, k.read)
	return k
}

func (k *keyring) close() {
	k.reads.close()
	k.uses.close()
}

func (k *keyring) read(ctx context.Context) error {
	asOf := k.now()
	keys, err := k.store.APIKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading the API keys: %w", err)
	}
	k.known.Store(&knownKeys{asOf: asOf, keys: keys})
	return nil
}

// verify returns the key, and remembers that it was used.
func (k *keyring) verify(ctx context.Context, text string) (dialog.APIKey, error) {
	if !isKeyText(text) {
		return dialog.APIKey{}, apiKeyRefused()
	}
	hash := sha256.Sum256([]byte(text))
	if key, ok := k.own.find(hash); ok {
		return key, nil
	}
	key, err := k.find(ctx, hash)
	if err != nil {
		return dialog.APIKey{}, err
	}
	return key, k.use(key)
}

// use remembers that the key was used, unless it has expired.
func (k *keyring) use(key dialog.APIKey) error {
	if !key.ExpiresAt.IsZero() && !k.now().Before(key.ExpiresAt) {
		return apiKeyExpired(key.Name)
	}
	k.uses.note(key)
	return nil
}

// check is verify for a key that was valid before, after refresh. It does not wait: a key
// that is not known any more was revoked.
func (k *keyring) check(text string) error {
	hash := sha256.Sum256([]byte(text))
	if _, ok := k.own.find(hash); ok {
		return nil
	}
	known := k.known.Load()
	if k.age(known) >= keysUsable {
		return keysUnavailable(context.DeadlineExceeded)
	}
	key, ok := known.find(hash)
	if !ok {
		return apiKeyRefused()
	}
	return k.use(key)
}

// refresh reads the keys if there are callers who use them, and the keys cannot be used the
// next time.
func (k *keyring) refresh(ctx context.Context, callers []Identity) {
	for i := range callers {
		if callers[i].credentials.APIKey != "" && k.age(k.known.Load()) >= keysUsable-checkedEvery {
			_ = k.reads.next(ctx)
			return
		}
	}
}

// find finds a key in the store. For an unknown key it waits for a read that starts
// afterwards, so that a new key works at once.
func (k *keyring) find(ctx context.Context, hash [sha256.Size]byte) (dialog.APIKey, error) {
	if known := k.known.Load(); k.age(known) < keysUsable {
		if key, ok := known.find(hash); ok {
			if k.age(known) >= keysFresh {
				k.reads.begin()
			}
			return key, nil
		}
	}
	if err := k.reads.next(ctx); err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return dialog.APIKey{}, keysUnavailable(err)
		}
		return dialog.APIKey{}, err
	}
	known := k.known.Load()
	if k.age(known) >= keysUsable {
		return dialog.APIKey{}, keysUnavailable(context.DeadlineExceeded)
	}
	key, ok := known.find(hash)
	if !ok {
		return dialog.APIKey{}, apiKeyRefused()
	}
	return key, nil
}

func keysUnavailable(cause error) error {
	return unavailable("API keys cannot be checked at the moment; try again", cause)
}

// age is how old the keys are. Keys from the future, after the clock was set back,
// count as too old.
func (k *keyring) age(known *knownKeys) time.Duration {
	age := k.now().Sub(known.asOf)
	if age < 0 {
		return keysUsable
	}
	return age
}

// find compares with every key, in constant time.
func (k *knownKeys) find(hash [sha256.Size]byte) (key dialog.APIKey, found bool) {
	for _, one := range k.keys {
		if subtle.ConstantTimeCompare(one.Hash[:], hash[:]) == 1 {
			key, found = one, true
		}
	}
	return key, found
}
