package dialogtest

import (
	"errors"
	"os"
	"path/filepath"
)

// Root is the folder of the project: the one with go.mod, above the package under test.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the tests run outside the module")
		}
		dir = parent
	}
}
