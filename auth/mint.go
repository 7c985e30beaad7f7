package auth

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/dialog"
)

// MinSecretBytes is the shortest secret for HS256: as long as its hash.
const MinSecretBytes = 32

// MaxTTL is the longest that a minted session token lives.
const MaxTTL = 30 * 24 * time.Hour

// A Minter makes the session tokens that the server itself signs.
type Minter struct {
	secret []byte
	now    func() time.Time
	random io.Reader
}

// NewMinter refuses a secret shorter than [MinSecretBytes]. random must be
// cryptographic and safe for concurrent use.
func NewMinter(secret []byte, now func() time.Time, random io.Reader) (*Minter, error) {
	if err := checkSecret(secret); err != nil {
		return nil, err
	}
	return &Minter{secret: slices.Clone(secret), now: now, random: random}, nil
}

func checkSecret(secret []byte) error {
	if len(secret) < MinSecretBytes {
		return fmt.Errorf("auth: the secret has %d bytes, and HS256 needs at least %d", len(secret), MinSecretBytes)
	}
	return nil
}

// Mint makes a session token for the user that lives for ttl, which is one
// second to [MaxTTL]; tokens count in whole seconds, so that the last one is
// never cut short. Errors of the code [dialog.Invalid] name userId or ttl.
func (m *Minter) Mint(user dialog.UserID, ttl time.Duration) (token string, expiresAt time.Time, err error) {
	if _, err := dialog.ParseUserID("userId", string(user)); err != nil {
		return "", time.Time{}, err
	}
	if ttl < time.Second || ttl > MaxTTL {
		return "", time.Time{}, dialog.InvalidInput("ttl", "a session lives 1 second to 2,592,000 seconds (30 days)")
	}
	var id [16]byte
	if _, err := io.ReadFull(m.random, id[:]); err != nil {
		return "", time.Time{}, fmt.Errorf("minting a session token: %w", err)
	}
	now := m.now().UTC()
	expiresAt = now.Add(ttl + time.Second - 1).Truncate(time.Second)
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: string(user), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expiresAt),
		ID: hex.EncodeToString(id[:]),
	}).SignedString(m.secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("minting a session token: %w", err)
	}
	return token, expiresAt, nil
}
