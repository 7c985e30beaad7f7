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
}

// knownKeys are the keys in the store at some time.
type knownKeys struct {
	asOf time.Time // not later than that time
	keys []dialog.APIKey
}

func newKeyring(ctx context.Context, c Config) *keyring {
	k := &keyring{store: c.Keys, own: knownKeys{keys: c.ProcessKeys}, now: c.Now}
	k.known.Store(&knownKeys{})
	k.reads = newRefresher(ctx, keysGap, keysTimeout, c.Now, k.read)
	return k
}

func (k *keyring) close() { k.reads.close() }

func (k *keyring) read(ctx context.Context) error {
	asOf := k.now()
	keys, err := k.store.APIKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading the API keys: %w", err)
	}
	k.known.Store(&knownKeys{asOf: asOf, keys: keys})
	return nil
}

// verify returns the name of the key. For an unknown key it waits for a read that
// starts afterwards, so that a new key works at once.
func (k *keyring) verify(ctx context.Context, text string) (string, error) {
	if !isKeyText(text) {
		return "", apiKeyRefused()
	}
	hash := sha256.Sum256([]byte(text))
	if name, ok := k.own.find(hash); ok {
		return name, nil
	}
	if known := k.known.Load(); k.age(known) < keysUsable {
		if name, ok := known.find(hash); ok {
			if k.age(known) >= keysFresh {
				k.reads.begin()
			}
			return name, nil
		}
	}
	if err := k.reads.next(ctx); err != nil {
		if dialog.IsCode(err, dialog.Unavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return "", keysUnavailable(err)
		}
		return "", err
	}
	known := k.known.Load()
	if k.age(known) >= keysUsable {
		return "", keysUnavailable(context.DeadlineExceeded)
	}
	name, ok := known.find(hash)
	if !ok {
		return "", apiKeyRefused()
	}
	return name, nil
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
func (k *knownKeys) find(hash [sha256.Size]byte) (name string, found bool) {
	for _, key := range k.keys {
		if subtle.ConstantTimeCompare(key.Hash[:], hash[:]) == 1 {
			name, found = key.Name, true
		}
	}
	return name, found
}
