package playground_test

import (
	"cmp"
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

// readRecipes reads the README by itself, and not as the page's build does: of
// each section the first block of each kind.
func readRecipes(t testing.TB) []recipe {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []recipe
	for _, s := range section.Split(string(text), -1)[1:] {
		title, _, _ := strings.Cut(s, "\n")
		first := map[string]string{}
		for _, block := range fence.FindAllStringSubmatch(s, -1) {
			if _, ok := first[block[1]]; !ok {
				first[block[1]] = block[2]
			}
		}
		if first["http"] != "" && first["graphql"] != "" {
			found = append(found, recipe{title, first["http"], first["graphql"], cmp.Or(first["json"], "{}")})
		}
	}
	if len(found) != 9 {
		t.Fatalf("the README has %d operations with headers, want one to set up and eight recipes", len(found))
	}
	return found
}
