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
	// keysFresh is the age from which on the keys are read again, while those
	// at hand still serve.
	keysFresh = 2 * time.Second
	// keysUsable is the age from which on the keys at hand serve no more.
	keysUsable = 4 * time.Second
	// keysGap is the least time between two reads, so that a flood of unknown
	// keys costs the store ten reads a second and not one each.
	keysGap = 100 * time.Millisecond
	// keysTimeout is how long a read may take: what comes later is stale.
	keysTimeout = 3 * time.Second
)

// A keyring verifies API keys against those in the store.
type keyring struct {
	store dialog.KeyStore
	now   func() time.Time
	reads *refresher
	known atomic.Pointer[knownKeys]
}

// knownKeys are the keys as the store had them at some instant.
type knownKeys struct {
	asOf time.Time // not later than that instant
	keys []dialog.APIKey
}

func newKeyring(ctx context.Context, store dialog.KeyStore, now func() time.Time) *keyring {
	k := &keyring{store: store, now: now}
	k.known.Store(&knownKeys{})
	k.reads = newRefresher(ctx, keysGap, keysTimeout, now, k.read)
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

// verify returns the name of the key. A key that is not known is looked for
// in a read that starts afterwards, so that a new one works at once.
func (k *keyring) verify(ctx context.Context, text string) (string, error) {
	if !isKeyText(text) {
		return "", apiKeyRefused()
	}
	hash := sha256.Sum256([]byte(text))
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
	return unavailable("the store that keeps the API keys did not answer in time", cause)
}

// age is how old the keys are. Those of an instant to come, after the clock was
// set back, are as old as can be.
func (k *keyring) age(known *knownKeys) time.Duration {
	age := k.now().Sub(known.asOf)
	if age < 0 {
		return keysUsable
	}
	return age
}

// find compares with every key, in a time that tells nothing.
func (k *knownKeys) find(hash [sha256.Size]byte) (name string, found bool) {
	for _, key := range k.keys {
		if subtle.ConstantTimeCompare(key.Hash[:], hash[:]) == 1 {
			name, found = key.Name, true
		}
	}
	return name, found
}
