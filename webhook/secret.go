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
	// secretPrefix is the start of every secret, as Standard Webhooks specifies.
	secretPrefix = "whsec_"
	// secretBytes is the length of a new secret; the specification allows 24 to 64.
	secretBytes = 32
	// keyPurpose keeps the key apart from others that are made of the server's
	// secret.
	keyPurpose = "dialogs webhook secrets 1"
)

// errSealed says that no secret of the server opens what is stored.
var errSealed = errors.New("the webhook's secret was encrypted with another --secret of the server: start with that one, or rotate the webhook's secret")

// A Sealer encrypts the secrets of webhooks with keys that are made of the server's
// secrets. Without those, what is stored is useless.
type Sealer struct {
	ciphers atomic.Pointer[[]cipher.AEAD] // the first seals
	random  io.Reader
}

// NewSealer makes a sealer. The first of the server's secrets seals; all of them open.
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

// secretText is a secret as receivers are given it.
func secretText(key []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// seal encrypts a webhook's secret. Moved to another webhook, it does not open.
func (s *Sealer) seal(id dialog.ID, key []byte) []byte {
	return (*s.ciphers.Load())[0].Seal(nil, nil, key, []byte(id)) //nolint:gosec // the cipher makes a random nonce itself, and wants none
}

// open decrypts a secret. stale means that it should be sealed again with the first of
// the server's secrets, before the one that opened it goes.
func (s *Sealer) open(id dialog.ID, sealed []byte) (key []byte, stale bool, err error) {
	for i, c := range *s.ciphers.Load() {
		if key, err := c.Open(nil, nil, sealed, []byte(id)); err == nil {
			return key, i > 0, nil
		}
	}
	return nil, false, errSealed
}

// keys opens the secrets of a webhook that sign at an instant.
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
