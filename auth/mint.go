package auth

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

// MinSecretBytes is the minimum length of a secret for HS256: that of its hash.
const MinSecretBytes = 32

// MaxTTL is the maximum lifetime of a session token.
const MaxTTL = 30 * 24 * time.Hour

// A Minter creates session tokens that the server itself signs.
type Minter struct {
	secrets *atomic.Pointer[[][]byte] // shared with those of Within
	most    time.Duration             // lifetimes are shortened to it
	now     func() time.Time
	random  io.Reader
}

// NewMinter makes a minter that signs with the first of the secrets. It returns an error
// for none, and for one that is shorter than [MinSecretBytes]. random must be
// cryptographic and safe for concurrent use.
func NewMinter(secrets [][]byte, now func() time.Time, random io.Reader) (*Minter, error) {
	m := &Minter{secrets: new(atomic.Pointer[[][]byte]), most: MaxTTL, now: now, random: random}
	if err := m.SetSecrets(secrets); err != nil {
		return nil, err
	}
	return m, nil
}

// SetSecrets replaces the secrets, also while tokens are made. The error is that of
// [NewMinter].
func (m *Minter) SetSecrets(secrets [][]byte) error { return setSecrets(m.secrets, secrets) }

// Within returns a Minter that shortens lifetimes to most, which is
// [Config.SessionMax] of the server that verifies the tokens.
func (m *Minter) Within(most time.Duration) *Minter {
	shorter := *m
	shorter.most = most
	return &shorter
}

func setSecrets(to *atomic.Pointer[[][]byte], secrets [][]byte) error {
	if len(secrets) == 0 {
		return errors.New("auth: a secret is required")
	}
	own := make([][]byte, len(secrets))
	for i, secret := range secrets {
		if len(secret) < MinSecretBytes {
			return fmt.Errorf("auth: the secret is too short: %d bytes (at least %d)", len(secret), MinSecretBytes)
		}
		own[i] = slices.Clone(secret)
	}
	to.Store(&own)
	return nil
}

// Mint creates a session token for the user. ttl is its lifetime, from one second
// to [MaxTTL], and is rounded up to whole seconds. Errors are [dialog.Invalid]
// with the field userId or ttl.
func (m *Minter) Mint(user dialog.UserID, ttl time.Duration) (token string, expiresAt time.Time, err error) {
	if _, err := dialog.ParseUserID("userId", string(user)); err != nil {
		return "", time.Time{}, err
	}
	if ttl < time.Second || ttl > MaxTTL {
		return "", time.Time{}, dialog.InvalidInput("ttl", "ttl must be between 1 and 2592000 seconds (30 days)")
	}
	var id [16]byte
	if _, err := io.ReadFull(m.random, id[:]); err != nil {
		return "", time.Time{}, fmt.Errorf("minting a session token: %w", err)
	}
	now := m.now().UTC()
	expiresAt = now.Add(ttl + time.Second - 1).Truncate(time.Second)
	if last := now.Truncate(time.Second).Add(m.most); expiresAt.After(last) { // iat is cut to seconds too
		expiresAt = last
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": string(user), "exp": expiresAt.Unix(), "jti": hex.EncodeToString(id[:]),
		// To the microsecond: all sessions of a user can be ended, and the next one begin, in
		// one second.
		"iat": json.Number(fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)),
	}).SignedString((*m.secrets.Load())[0])
	if err != nil {
		return "", time.Time{}, fmt.Errorf("minting a session token: %w", err)
	}
	return token, expiresAt, nil
}
