package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"dialogs/dialog"
)

// KeyPrefix is the start of every API key, so that people and secret scanners
// recognize one.
const KeyPrefix = "dlg_"

const keyBytes = 32 // 256 bits

// keyName allows nothing that needs quoting in a shell, a log or a header.
// Names in parentheses are reserved for the program itself.
var keyName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// CheckKeyName checks the form of an API key's name: 1 to 64 letters, digits,
// dots, underscores and hyphens. Its error is of the code [dialog.Invalid].
func CheckKeyName(name string) error {
	if !keyName.MatchString(name) {
		return dialog.InvalidInput("name", "invalid API key name "+dialog.Quote(name)+": use 1 to 64 letters, digits, dots, underscores or hyphens")
	}
	return nil
}

// NewAPIKey generates an API key. text is the key itself, to be shown once and
// stored nowhere; key is what the store keeps. random must be cryptographic.
func NewAPIKey(name string, now time.Time, random io.Reader) (text string, key dialog.APIKey, err error) {
	if err := CheckKeyName(name); err != nil {
		return "", dialog.APIKey{}, err
	}
	return generateKey(name, now, random)
}

// NewProcessKey generates an API key for [Config.ProcessKeys]. Its name is in
// parentheses, so that no key in a store can have it.
func NewProcessKey(name string, now time.Time, random io.Reader) (text string, key dialog.APIKey, err error) {
	return generateKey("("+name+")", now, random)
}

func generateKey(name string, now time.Time, random io.Reader) (text string, key dialog.APIKey, err error) {
	var b [keyBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", dialog.APIKey{}, fmt.Errorf("generating an API key: %w", err)
	}
	text = KeyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return text, dialog.APIKey{
		Name: name, Hash: sha256.Sum256([]byte(text)), CreatedAt: now.UTC().Truncate(time.Millisecond),
	}, nil
}

// isKeyText reports whether s has the form of an API key. Other texts are not
// looked up in the store.
func isKeyText(s string) bool {
	secret, ok := strings.CutPrefix(s, KeyPrefix)
	if !ok {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	return err == nil && len(b) == keyBytes
}
