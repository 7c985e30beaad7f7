package docs_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A phrase slows a reader down, or assumes a man.
type phrase struct{ pattern, instead string }

// unwanted are phrases that no file of the project may have.
var unwanted = []phrase{
	{`he|him|his|himself|she|her|hers|herself`, "they, you, the user, the caller, the owner"},
	{`shall|thereof|thereby|hereby|herein|wherein|whereof|hence|unto|whilst`, "modern English"},
	{`anew`, "again"},
	{`pass(es|ed|ing)? over`, "ignore, skip"},
	{`(see|sees|seen|saw) to (it|its|their)`, "manage, check, make sure"},
	{`(go|goes|going|gone|went) on with`, "continue, resume"},
	{`in vain`, "without success, timed out"},
}

// unwantedByUsers are phrases that no text may have that users see.
var unwantedByUsers = append([]phrase{
	{`whoever|whomever|those who|nobody's|somebody's`, "the caller, the user, the users who"},
	{`elsewhere`, "the place, for example: on another instance"},
	{`to the letter`, "exactly"},
	{`(this|that|it|which|who|they) (is|are) no (a|an|[b-km-z]\w*|l[a-np-z]\w*)`, "is not a"},
	{`that (do|does) not hold`, "invalid, expired"},
	{`by (itself|themselves)`, "automatically"},
}, unwanted...)

// anyOf finds all of the phrases.
func anyOf(phrases []phrase) *regexp.Regexp {
	var all []string
	for _, p := range phrases {
		all = append(all, p.pattern)
	}
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(all, "|") + `)\b`)
}

// insteadOf is what to write in the place of what [anyOf] found.
func insteadOf(found string) string {
	for _, p := range unwantedByUsers {
		if regexp.MustCompile(`(?i)^(?:` + p.pattern + `)$`).MatchString(found) {
			return p.instead
		}
	}
	return "plainer words"
}

// TestUnwanted checks the checker: each pattern finds something, and ordinary
// sentences pass.
func TestUnwanted(t *testing.T) {
	for text, want := range map[string]string{
		"A participant, as the caller sees him.":                      "him",
		"Marks His place":                                             "His",
		"Whoever wrote it":                                            "Whoever",
		"the table is judged elsewhere":                               "elsewhere",
		"a key that was made anew":                                    "anew",
		"other claims are passed over":                                "passed over",
		"a page on which a user sees to their dialogs":                "sees to their",
		"A run that was stopped is gone on with":                      "gone on with",
		"waited in vain":                                              "in vain",
		"this is no cursor of this server":                            "this is no cursor",
		"too many credentials that do not hold":                       "that do not hold",
		"the rules of the specification to the letter":                "to the letter",
		"He shall not":                                                "He",
		"The cursor is invalid, and is no longer accepted.":           "",
		"they are no longer valid":                                    "",
		"this path, there is no such file; the other sees the dialog": "",
		"Here, others gather; sheets and hertz are the theme.":        "",
	} {
		if got := anyOf(unwantedByUsers).FindString(text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// sources are the paths of the project's files with one of these extensions,
// without generated and built ones.
func sources(t *testing.T, extensions ...string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "node_modules", "generated", "gql", "dist", "bin", "data", "testdata"}, entry.Name()) {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() && slices.Contains(extensions, cmp.Or(filepath.Ext(name), entry.Name())) && entry.Name() != "words_test.go" {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestWords looks for unwanted phrases in everything that people read. It is
// stricter where users read: in the schema, the documents, the pages and the
// texts of the program.
func TestWords(t *testing.T) {
	files := sources(t, ".go", ".graphqls", ".md", ".ts", ".tsx", ".js", ".java", ".html", ".css", ".yml", ".yaml", "Makefile", "Dockerfile")
	if len(files) < 500 {
		t.Errorf("found %d files: the search is broken", len(files))
	}
	everywhere, byUsers := anyOf(unwanted), anyOf(unwantedByUsers)
	check := func(place, text string, pattern *regexp.Regexp) {
		for _, found := range pattern.FindAllString(text, -1) {
			t.Errorf("%s says %q, write: %s\n\t%s", place, found, insteadOf(found), strings.TrimSpace(text))
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pattern := everywhere
		if slices.Contains([]string{".graphqls", ".md", ".html"}, filepath.Ext(name)) {
			pattern = byUsers
		}
		if pattern.Match(text) {
			for n, line := range strings.Split(string(text), "\n") {
				check(fmt.Sprintf("%s:%d", name, n+1), line, pattern)
			}
		}
		if filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			for text, place := range textsOf(t, name) {
				check(place, text, byUsers)
			}
		}
	}
}

// apis are the packages whose texts can become the message of an error of one of
// the APIs.
var apis = []string{"api", "auth", "budget", "dialog", "edge", "graph", "graph/language", "graph/scalar", "live", "quickblox", "store/lanes", "webhook"}

// verb is a place of a format in which a value is shown.
var verb = regexp.MustCompile(`%[-+#.0-9\[\]]*[a-zA-Z]`)

// TestMessages finds messages that are too long for a notice of an app, even
// with short values in them. (The APIs cut messages that are too long because of
// a value; the tests of graph and quickblox check every answer they get.)
func TestMessages(t *testing.T) {
	const most, shortValue = 160, 8
	seen := map[string]bool{}
	for _, dir := range apis {
		names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s has no files: %v", dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "frontpage.go" { // a page, not messages
				continue
			}
			for text, place := range textsOf(t, name) {
				seen[text] = true
				if n := utf8.RuneCountInString(verb.ReplaceAllString(text, strings.Repeat("0", shortValue))); n > most {
					t.Errorf("%s: a message has %d characters (limit %d): %s", place, n, most, text)
				}
			}
		}
	}
	if len(seen) < 250 {
		t.Errorf("found %d texts: the search is broken", len(seen))
	}
	for _, known := range []string{
		"dialog not found", "only %s may %s; you are %s", "invalid API key: unknown or revoked", "too many %s: %d (limit %d)",
		"introspection is disabled (start with --introspection, or use schema.graphqls)", "too many failed sign-ins from this address",
	} {
		if !seen[known] {
			t.Errorf("did not find the message %q: the search is broken, or the message has changed", known)
		}
	}
}

// textsOf are the texts of several words in a Go file, with their places.
func textsOf(t *testing.T, name string) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(strings.TrimSpace(text), " ") {
				found[text] = set.Position(literal.Pos()).String()
			}
		}
		return true
	})
	return found
}
