package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packageLine is a line of the list of packages: a directory, and what it is for.
var packageLine = regexp.MustCompile(`^( *)([a-z0-9/]+)/ +\S`)

// TestPackages compares the list of packages in docs/architecture.md with the
// directories that have Go files.
func TestPackages(t *testing.T) {
	blocks := fence.FindStringSubmatch(read(t, "docs/architecture.md"))
	if blocks == nil {
		t.Fatal("docs/architecture.md has no list of packages")
	}
	var listed []string
	above := ""
	for line := range strings.Lines(blocks[2]) {
		m := packageLine.FindStringSubmatch(line)
		switch {
		case m == nil:
		case m[1] == "":
			above = m[2]
			listed = append(listed, above)
		default:
			listed = append(listed, above+"/"+m[2])
		}
	}
	var have []string
	for _, pattern := range []string{"*", "*/*"} {
		dirs, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			files, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			if name, _ := filepath.Rel(root, dir); len(files) > 0 && !strings.HasPrefix(name, "examples/") {
				have = append(have, filepath.ToSlash(name))
			}
		}
	}
	have = append(have, "examples") // its line names those in it
	slices.Sort(have)
	slices.Sort(listed)
	if diff := cmp.Diff(have, listed); diff != "" {
		t.Errorf("directories with Go files (-), and packages in docs/architecture.md (+):\n%s", diff)
	}
	for _, m := range regexp.MustCompile(`\(([a-z]+)/\)`).FindAllStringSubmatch(blocks[2], -1) {
		if _, err := os.Stat(filepath.Join(root, "examples", m[1])); err != nil {
			t.Error(err)
		}
	}
}
