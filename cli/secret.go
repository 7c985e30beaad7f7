package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"dialogs/auth"
	"dialogs/store"
)

// secretSettings are the settings of the key that signs the server's own
// session tokens.
type secretSettings struct{ text, file string }

func (s *secretSettings) bind(fs *pflag.FlagSet) {
	fs.StringVar(&s.text, "secret", "", "key that signs the server's own session tokens (HS256), at least 32 bytes; without it, the embedded store generates and keeps one")
	fs.StringVar(&s.file, "secret-file", "", "file that contains the value of --secret")
}

// isSecret names the settings whose values are never shown.
func isSecret(flag string) bool { return flag == "secret" || flag == "store" }

// secretFile is where an embedded store keeps its secret, in its directory.
const secretFile = "secret"

// errNoSecret says that an embedded store has no secret yet.
var errNoSecret = errors.New("no secret yet")

// given is the secret that was set, empty for none.
func (s *secretSettings) given() (string, error) {
	if s.file == "" {
		return s.text, checkSecret(named("secret"), s.text)
	}
	if s.text != "" {
		return "", errTogether(named("secret"), named("secret-file"))
	}
	text, err := readSetting("secret-file", s.file)
	if err != nil {
		return "", err
	}
	return text, checkSecret(named("secret-file"), text)
}

func checkSecret(name, text string) error {
	if text != "" && len(text) < auth.MinSecretBytes {
		return fmt.Errorf("%s must have at least %d bytes; it has %d", name, auth.MinSecretBytes, len(text))
	}
	return nil
}

// find returns the secret that was set, else the one that the embedded store
// keeps, else [errNoSecret].
func (s *secretSettings) find(st *storeSettings) ([]byte, error) {
	text, err := s.given()
	if err != nil || text != "" {
		return []byte(text), err
	}
	if !st.embedded() {
		return nil, fmt.Errorf("%s is required with MongoDB: every instance needs the same one", named("secret"))
	}
	path := secretPath(st)
	text, err = readPrivate(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errNoSecret
	case err != nil:
		return nil, storeError("store", st.address, err)
	case text == "":
		return nil, fmt.Errorf("%s is empty; delete it to generate a new secret", path)
	}
	return []byte(text), checkSecret(path, text)
}

// findOrMake is find, but creates the secret of an embedded store if it has
// none.
func (s *secretSettings) findOrMake(st *storeSettings) ([]byte, error) {
	secret, err := s.find(st)
	if !errors.Is(err, errNoSecret) {
		return secret, err
	}
	if err := store.MayCreate(st.address); err != nil {
		return nil, storeError("store", st.address, err)
	}
	if _, err := keepPrivate(secretPath(st), randomText); err != nil {
		return nil, storeError("store", st.address, err)
	}
	return s.find(st)
}

func secretPath(st *storeSettings) string { return filepath.Join(st.address, secretFile) }

// randomText has more than 128 random bits.
func randomText() string { return rand.Text() + rand.Text() }
