package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"dialogs/auth"
	"dialogs/store"
)

// secretSettings are the settings of the secrets of the server. The first signs session
// tokens and encrypts the secrets of webhooks, and all of them verify and decrypt, so that
// a secret can be replaced while what was made with it stays valid.
type secretSettings struct{ text, file string }

func (s *secretSettings) bind(fs *pflag.FlagSet) {
	fs.StringVar(&s.text, "secret", "", "key that signs the server's own session tokens (HS256), at least 32 bytes; several, separated by commas, to replace one: the first signs, all are accepted; without it, the embedded store generates and keeps one")
	fs.StringVar(&s.file, "secret-file", "", "file that contains the value of --secret")
}

// isSecret names the settings whose values are never shown.
func isSecret(flag string) bool { return flag == "secret" || flag == "store" }

// secretFile is where an embedded store keeps its secret, in its directory.
const secretFile = "secret"

// givenFile is a file in that directory that says that its server got its secret from a
// setting.
const givenFile = "secret.given"

// errNoSecret says that an embedded store has no secret yet.
var errNoSecret = errors.New("no secret yet")

// given are the secrets that were set, nil for none.
func (s *secretSettings) given() ([][]byte, error) {
	if s.file == "" {
		if s.text == "" {
			return nil, nil
		}
		return splitSecrets(named("secret"), s.text)
	}
	if s.text != "" {
		return nil, errTogether(named("secret"), named("secret-file"))
	}
	text, err := readSetting("secret-file", s.file)
	if err != nil {
		return nil, err
	}
	return splitSecrets(named("secret-file"), text)
}

// maxSecrets is how many secrets are accepted at a time: each costs an attempt for every
// token that is invalid.
const maxSecrets = 5

// splitSecrets reads secrets that are separated by commas. Blanks and line breaks around
// each are ignored.
func splitSecrets(name, text string) ([][]byte, error) {
	texts := strings.Split(text, ",")
	if len(texts) > maxSecrets {
		return nil, fmt.Errorf("%s has too many secrets: %d (limit %d)", name, len(texts), maxSecrets)
	}
	secrets := make([][]byte, len(texts))
	for i, one := range texts {
		secrets[i] = []byte(strings.TrimSpace(one))
		if n := len(secrets[i]); n < auth.MinSecretBytes {
			which := ""
			if len(texts) > 1 {
				which = fmt.Sprintf(": number %d of its secrets, which are separated by commas,", i+1)
			}
			return nil, fmt.Errorf("%s%s must have at least %d bytes; it has %d", name, which, auth.MinSecretBytes, n)
		}
	}
	return secrets, nil
}

// find returns the secrets that were set, else those that the embedded store keeps, else
// [errNoSecret].
func (s *secretSettings) find(st *storeSettings) ([][]byte, error) {
	secrets, err := s.given()
	if err != nil || secrets != nil {
		return secrets, err
	}
	if !st.embedded() {
		return nil, fmt.Errorf("%s is required with MongoDB: every instance needs the same one", named("secret"))
	}
	path := secretPath(st)
	text, err := readPrivate(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errNoSecret
	case err != nil:
		return nil, storeError("store", st.address, err)
	case text == "":
		return nil, fmt.Errorf("%s is empty; delete it to generate a new secret", path)
	}
	return splitSecrets(path, text)
}

// findOrMake is find, but creates the secret of an embedded store if it has
// none.
func (s *secretSettings) findOrMake(st *storeSettings) ([][]byte, error) {
	secrets, err := s.find(st)
	if !errors.Is(err, errNoSecret) {
		return secrets, err
	}
	if err := store.MayCreate(st.address); err != nil {
		return nil, storeError("store", st.address, err)
	}
	if _, err := keepPrivate(secretPath(st), randomText); err != nil {
		return nil, storeError("store", st.address, err)
	}
	return s.find(st)
}

// note keeps with an embedded store whether its server got its secret from a setting,
// for commands that need the same one.
func (s *secretSettings) note(st *storeSettings) error {
	if !st.embedded() {
		return nil
	}
	path := filepath.Join(st.address, givenFile)
	var err error
	if s.file == "" && s.text == "" {
		err = os.Remove(path)
	} else {
		err = writePrivate(path, "This server got its secret from --secret or --secret-file.")
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// ofServer returns the secrets that the server of a store uses: those that were set, else
// those that the store keeps. An embedded store that exists and was not served yet gets
// one if it has none, as from a server.
func (s *secretSettings) ofServer(st *storeSettings) ([][]byte, error) {
	secrets, err := s.given()
	if err != nil || secrets != nil {
		return secrets, err
	}
	if st.embedded() {
		if _, err := os.Lstat(filepath.Join(st.address, givenFile)); err == nil {
			return nil, fmt.Errorf("%s is required: the server of %s uses one that it does not keep there; give the same one", named("secret"), st.address)
		}
		if exists, err := store.Exists(st.address); err != nil {
			return nil, storeError("store", st.address, err)
		} else if !exists {
			if secrets, err = s.find(st); errors.Is(err, errNoSecret) {
				err = fmt.Errorf("%s: no store in %s, and no %s to sign with", named("store"), st.address, named("secret"))
			}
			return secrets, err
		}
	}
	return s.findOrMake(st)
}

func secretPath(st *storeSettings) string { return filepath.Join(st.address, secretFile) }

// randomText has more than 128 random bits.
func randomText() string { return rand.Text() + rand.Text() }
