// Package docs_test checks the documents as texts: links, names of settings
// and words. What they tell readers to run is run by package e2e.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// root is the project's directory.
const root = ".."

// documents are all texts in Markdown, by their path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: found %d documents, error %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			found[filepath.ToSlash(name)] = read(t, name)
		}
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fence   = regexp.MustCompile("(?ms)^```(\\S*)\n(.*?)^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestLinks follows every link that stays in the project.
func TestLinks(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path := filepath.Join(filepath.Dir(name), target)
			if target == "" {
				path = name
			}
			info, err := os.Stat(filepath.Join(root, path))
			if err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if anchor != "" && (info.IsDir() || !slices.Contains(anchors(read(t, path)), anchor)) {
				t.Errorf("%s links to %s: there is no such heading", name, m[1])
			}
		}
	}
}

// anchors are what the headings of a document are linked by.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		all = append(all, anchor)
	}
	return all
}

// TestFences wants every block to say what it is: that is how readers' tools
// show it, and how tests find what to run.
func TestFences(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			if m[1] == "" {
				t.Errorf("%s has a block that names no language: %.60q", name, m[2])
			}
		}
	}
}

// TestSettingsAreKnown finds settings that documents and the image mention and
// that do not exist, or no longer.
func TestSettingsAreKnown(t *testing.T) {
	variable := regexp.MustCompile(`\bDIALOGS_[A-Z_]*[A-Z]\b`)
	known := variable.FindAllString(read(t, "docs/settings.md"), -1)
	if len(known) < 30 {
		t.Fatalf("docs/settings.md has %d settings", len(known))
	}
	// Of the examples, which are programs of their own.
	known = append(known, "DIALOGS_KEY", "DIALOGS_URL")
	texts := documents(t)
	for _, name := range []string{"compose.yaml", "Dockerfile"} {
		texts[name] = read(t, name)
	}
	for name, text := range texts {
		for _, used := range variable.FindAllString(text, -1) {
			if !slices.Contains(known, used) {
				t.Errorf("%s mentions %s, which docs/settings.md does not have", name, used)
			}
		}
	}
}

// TestMakeTargets finds targets of make that documents mention and that do not
// exist.
func TestMakeTargets(t *testing.T) {
	target := regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)")
	makefile := read(t, "Makefile")
	for name, text := range documents(t) {
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+": ") {
				t.Errorf("%s mentions make %s", name, m[1])
			}
		}
	}
}

// TestYAML reads what Docker and GitHub read, and the snippets that are like it.
func TestYAML(t *testing.T) {
	texts := map[string]string{}
	for _, name := range []string{"compose.yaml", ".github/workflows/ci.yml"} {
		texts[name] = read(t, name)
	}
	for name, text := range documents(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			if m[1] == "yaml" {
				texts[name+": "+m[2]] = m[2]
			}
		}
	}
	for name, text := range texts {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(text), &content); err != nil || len(content) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShownIsRun wants programs in documents to be files that tests run.
func TestShownIsRun(t *testing.T) {
	for name, file := range map[string]string{
		"docs/sync.md":     "clients/src/sync.ts",
		"docs/live.md":     "examples/web/src/resume.ts",
		"docs/webhooks.md": "clients/src/webhooks.ts",
	} {
		if !strings.Contains(read(t, name), "```ts\n"+read(t, file)+"```\n") {
			t.Errorf("%s does not show %s as it is", name, file)
		}
	}
}
