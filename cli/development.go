package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/playground"
)

const (
	// developmentKeyName is the name of a development server's API key, and
	// with .key behind it of the file in the store's directory that holds it.
	developmentKeyName = "development"
	// developmentUser owns the dialog of the README's recipes.
	developmentUser = "alice"
	// developmentSession is as long as a working day.
	developmentSession = 12 * time.Hour
)

// newDevelopment makes what the playground of a development server fills in: a
// session token, and with the embedded store, which is this server's alone, an
// API key.
func newDevelopment(ctx context.Context, s *storeSettings, keys dialog.KeyStore, minter *auth.Minter) (*playground.Credentials, error) {
	var c playground.Credentials
	var err error
	if s.embedded() {
		if c.APIKey, err = developmentKey(ctx, keys, s.address); err != nil {
			return nil, err
		}
	}
	if c.Token, _, err = minter.Mint(developmentUser, developmentSession); err != nil {
		return nil, err
	}
	return &c, nil
}

// developmentKey returns the API key that a development server keeps in its
// directory. A key that is missing or was revoked is replaced by a new one.
func developmentKey(ctx context.Context, keys dialog.KeyStore, dir string) (string, error) {
	path := filepath.Join(dir, developmentKeyName+".key")
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := strings.TrimSpace(string(content))
	if known, err := isKnownKey(ctx, keys, text); known || err != nil {
		return text, err
	}
	if err := keys.RemoveAPIKey(ctx, developmentKeyName); err != nil && !dialog.IsCode(err, dialog.NotFound) {
		return "", err
	}
	if text, err = createKey(ctx, keys, developmentKeyName); err != nil {
		return "", err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return text, writePrivate(path, text)
}

func isKnownKey(ctx context.Context, keys dialog.KeyStore, text string) (bool, error) {
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return false, err
	}
	for _, key := range all {
		if key.Name == developmentKeyName && key.Hash == sha256.Sum256([]byte(text)) {
			return true, nil
		}
	}
	return false, nil
}

// welcome tells a newcomer what to do next.
func (p *program) welcome(s *settings, address net.Addr, withKey bool) error {
	url := s.scheme() + "://" + address.String()
	if !withKey {
		_, err := fmt.Fprintf(p.stdout, "\nPlayground: %s/playground\n\n", url)
		return err
	}
	dir, err := filepath.Abs(s.store.address)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, `
Playground   %[1]s/playground
API key      cat '%[2]s/development.key'

Make a group from another terminal:

  curl -s %[1]s/graphql -H "Authorization: ApiKey $(cat '%[2]s/development.key')" -H 'On-Behalf-Of: alice' -H 'Content-Type: application/json' -d '{"query":"mutation { createDialog(input: {type: GROUP, name: \"Hello\", occupantIds: [\"bob\"]}) { dialog { id name occupantIds version } } }"}'

`, url, dir)
	return err
}
