package playground_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A recipe is an operation of the README, with what is written above and
// below it.
type recipe struct {
	title, headers, operation string
	// answer is {} where the README has none.
	answer string
}

var (
	section = regexp.MustCompile(`(?m)^#{2,} `)
	fence   = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)\n```$")
)

// readRecipes reads the README in its own way, independent of the page's build:
// every operation that has headers above it, and the answer below it.
func readRecipes(t testing.TB) []recipe {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []recipe
	for _, s := range section.Split(string(text), -1)[1:] {
		next := recipe{answer: "{}"}
		next.title, _, _ = strings.Cut(s, "\n")
		inSection := false
		for _, block := range fence.FindAllStringSubmatch(s, -1) {
			switch kind, body := block[1], block[2]; {
			case kind == "http":
				next.headers = body
			case kind == "graphql" && next.headers != "":
				next.operation = body
				found = append(found, next)
				inSection = true
			case kind == "json" && inSection:
				found[len(found)-1].answer = body
			}
		}
	}
	if len(found) != 10 {
		t.Fatalf("the README has %d operations with headers, want one that sets up, eight recipes and a variant", len(found))
	}
	return found
}
