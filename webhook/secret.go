package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

const (
	// secretPrefix is the beginning of every secret, as specified by Standard Webhooks.
	secretPrefix = "whsec_"
	// secretBytes is the length of a new secret; the specification allows 24 to 64 bytes.
	secretBytes = 32
	// keyPurpose makes the key different from other keys that are derived from the
	// server's secret.
	keyPurpose = "dialogs webhook secrets 1"
)

// errSealed means that none of the server's secrets can decrypt a webhook's secret.
var errSealed = errors.New("the webhook's secret was encrypted with another --secret of the server: start with that one, or rotate the webhook's secret")

// A Sealer encrypts the secrets of webhooks (AES-256-GCM) with keys that are derived from
// the server's secrets. Without those, the stored secrets cannot be read.
type Sealer struct {
	ciphers atomic.Pointer[[]cipher.AEAD] // the first seals
	random  io.Reader
}

// NewSealer makes a sealer. It encrypts with the first of the server's secrets, and
// decrypts with all of them.
func NewSealer(secrets [][]byte, random io.Reader) (*Sealer, error) {
	s := &Sealer{random: random}
	if err := s.use(secrets); err != nil {
		return nil, err
	}
	return s, nil
}

// use replaces the server's secrets.
func (s *Sealer) use(secrets [][]byte) error {
	if len(secrets) == 0 {
		return errors.New("webhook: a secret of the server is required")
	}
	var ciphers []cipher.AEAD
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, keyPurpose, 32)
		if err != nil {
			return err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return err
		}
		sealed, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return err
		}
		ciphers = append(ciphers, sealed)
	}
	s.ciphers.Store(&ciphers)
	return nil
}

// newSecret generates a secret.
func (s *Sealer) newSecret() ([]byte, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.random, key); err != nil {
		return nil, fmt.Errorf("generating a webhook's secret: %w", err)
	}
	return key, nil
}

// secretText formats a secret for its receiver.
func secretText(key []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// seal encrypts a webhook's secret. It can only be decrypted for the same webhook.
func (s *Sealer) seal(id dialog.ID, key []byte) []byte {
	return (*s.ciphers.Load())[0].Seal(nil, nil, key, []byte(id)) //nolint:gosec // the cipher makes a random nonce itself, and wants none
}

// open decrypts a secret. stale means that it was not encrypted with the first of the
// server's secrets: it should be encrypted again before the other secret is removed.
func (s *Sealer) open(id dialog.ID, sealed []byte) (key []byte, stale bool, err error) {
	for i, c := range *s.ciphers.Load() {
		if key, err := c.Open(nil, nil, sealed, []byte(id)); err == nil {
			return key, i > 0, nil
		}
	}
	return nil, false, errSealed
}

// keys decrypts the webhook's secrets that are valid at an instant.
func (s *Sealer) keys(h *dialog.Webhook, now time.Time) ([][]byte, error) {
	var keys [][]byte
	for _, secret := range h.Secrets {
		if !secret.Until.IsZero() && !now.Before(secret.Until) {
			continue
		}
		key, _, err := s.open(h.ID, secret.Sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
