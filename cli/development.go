package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/playground"
)

const (
	// developmentKeyName is the name of a development server's API key, and
	// developmentKeyFile in the store's directory has it.
	developmentKeyName = "development"
	developmentKeyFile = "development.key"
	// developmentUser owns the dialog of the README's recipes.
	developmentUser = "alice"
	// developmentSession is as long as a working day.
	developmentSession = 12 * time.Hour
)

// A development is what a development server has in addition to other servers.
// Its API key is kept in memory, so that it is only valid for this process and
// cannot be mistaken for a key that somebody created.
type development struct {
	page *playground.Development // nil outside of development
	keys []dialog.APIKey
}

// newDevelopment makes what the playground of a development server fills in: a
// session token, and with the embedded store, which is this server's alone, an
// API key. The key is also in the store's directory, until remove is called.
func newDevelopment(ctx context.Context, s *storeSettings, keys dialog.KeyStore, minter *auth.Minter) (d development, remove func() error, err error) {
	d.page = &playground.Development{Token: rand.Text()}
	remove = func() error { return nil }
	if d.page.Credentials.Token, _, err = minter.Mint(developmentUser, developmentSession); err != nil {
		return d, remove, err
	}
	if !s.embedded() {
		return d, remove, nil
	}
	text, key, err := auth.NewProcessKey(developmentKeyName, time.Now(), rand.Reader)
	if err != nil {
		return d, remove, err
	}
	path := filepath.Join(s.address, developmentKeyFile)
	if err := revokeStoredKey(ctx, keys, path); err != nil {
		return d, remove, err
	}
	if err := replacePrivate(path, text); err != nil {
		return d, remove, err
	}
	d.page.Credentials.APIKey, d.keys = text, []dialog.APIKey{key}
	return d, func() error { return removeKey(path, text) }, nil
}

// revokeStoredKey revokes the key that earlier versions kept in the store. Its
// text is in the file; a key of the same name that somebody else created stays.
func revokeStoredKey(ctx context.Context, keys dialog.KeyStore, path string) error {
	text, err := readPrivate(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return err
	}
	for _, key := range all {
		if key.Name == developmentKeyName && key.Hash == sha256.Sum256([]byte(text)) {
			if err := keys.RemoveAPIKey(ctx, key.Name); !dialog.IsCode(err, dialog.NotFound) {
				return err
			}
		}
	}
	return nil
}

// removeKey removes the file with the key when the server ends, unless it has
// another server's key by now.
func removeKey(path, text string) error {
	if current, err := readPrivate(path); err != nil || current != text {
		return nil //nolint:nilerr // a file that is gone or changed no longer belongs to this server
	}
	return os.Remove(path)
}

// welcome says what to do next.
func (p *program) welcome(s *settings, address net.Addr, page *playground.Development) error {
	url := s.scheme() + "://" + address.String()
	if page.Credentials.APIKey == "" {
		_, err := fmt.Fprintf(p.stdout, "\nPlayground   %s%s\n\n", url, page.Link())
		return err
	}
	dir, err := filepath.Abs(s.store.address)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, `
Playground   %[1]s%[3]s
API key      cat '%[2]s/development.key' (valid until this server stops)

Make a group from another terminal:

  curl -s %[1]s/graphql -H "Authorization: ApiKey $(cat '%[2]s/development.key')" -H 'On-Behalf-Of: alice' -H 'Content-Type: application/json' -d '{"query":"mutation { createDialog(input: {type: GROUP, name: \"Hello\", occupantIds: [\"bob\"]}) { dialog { id name occupantIds version } } }"}'

`, url, dir, page.Link())
	return err
}
