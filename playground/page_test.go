package playground_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var screenshot = flag.String("screenshot", "", "write a picture of the page to this PNG file")

// TestPage uses the page as a newcomer does, with nothing to reach but its own
// server: looks at the README's recipes tab by tab, runs them, makes a
// mistake, and loads the page again.
func TestPage(t *testing.T) {
	v := visitTo(t, "--dev")
	v.Resize(1280, 720)
	v.opens(v.link())
	v.Await("the address to keep no token", `location.pathname + location.search === '/playground'`)

	if diff := cmp.Diff([]string{
		"0. Set up\nAPI key",
		"1. Rename\nsession token", "2. Add participants\nsession token", "3. Remove participants\nsession token",
		"4. Set custom data of a custom class\nsession token",
		"5. Rename\nAPI key", "6. Add participants\nAPI key for bob", "7. Remove participants\nAPI key for bob",
		"7b. Remove participants\nAPI key", "8. Set custom data of a custom class\nAPI key for erin",
	}, v.Texts(".graphiql-tab-button")); diff != "" {
		t.Errorf("other tabs (-want +got):\n%s", diff)
	}

	key, token := v.server.DevelopmentKey(), v.token()
	filledIn := strings.NewReplacer("$KEY", key, "$TOKEN", token)
	for i, r := range readRecipes(t) {
		v.switches(i)
		v.Await("the operation that the README has (make build builds the page again)",
			withoutIDs(valueOf(operation))+` === `+withoutIDs(quoted(r.operation+"\n")))
		if diff := cmp.Diff(parsedHeaders(filledIn.Replace(r.headers)), decoded(t, v.text(headers))); diff != "" {
			t.Errorf("%s: the tab has other headers (-README +page):\n%s", r.title, diff)
		}
	}
	v.runsTheRecipes()

	// Workers have the page's policy too, and this one knows the schema.
	v.Evaluate(modelOf(operation) + `.setValue('{ nowhere }')`)
	v.Await("a field that is not in the schema to be marked", `__MONACO.editor.getModelMarkers({}).some(m => /"nowhere"/.test(m.message))`)
	v.keptNoSecrets(key, token)

	// Another visit has another dialog: everything works again.
	v.opens("/playground/")
	v.runsTheRecipes()
	v.Click(`//button[@aria-label="Show History"]`)
	v.Click(`(//button[contains(@class, "graphiql-history-item-label")])[1]`)
	v.Await("the latest in the history, with its headers", valueOf(headers)+`.includes('erin')`)
	v.keptNoSecrets(key, token)
	v.hadNoTrouble()
}

// runsTheRecipes runs them in the order of the tabs, and compares the answers
// with the README's.
func (v *visit) runsTheRecipes() {
	v.Helper()
	for i, r := range readRecipes(v) {
		v.switches(i)
		v.Await("no answer yet", valueOf(response)+` === ''`)
		v.Click(executeButton) // at once: the editors' debounced handlers come later
		v.Await("an answer", valueOf(response)+`.endsWith('}')`)
		got := decoded(v, v.text(response))
		if diff := cmp.Diff(decoded(v, r.answer), got); diff != "" && r.answer != "{}" {
			v.Errorf("%s: another answer than the README's (-README +page):\n%s", r.title, diff)
		}
		if answer, ok := got.(map[string]any); r.answer == "{}" && (!ok || answer["errors"] != nil || answer["data"] == nil) {
			v.Errorf("%s: got %v, want no errors", r.title, got)
		}
		if i == 2 && *screenshot != "" {
			v.Photograph(*screenshot)
		}
	}
}

// TestPageOnATelephone reads an answer on a small screen.
func TestPageOnATelephone(t *testing.T) {
	v := visitTo(t, "--dev")
	v.Resize(390, 844)
	v.opens(v.link())
	v.Click(executeButton)
	v.Await("an answer", valueOf(response)+`.endsWith('}')`)
	if *screenshot != "" {
		v.Photograph(strings.TrimSuffix(*screenshot, ".png") + "-telephone.png")
	}
	v.Await("the answer to be readable: as wide as the screen, and high enough for ten lines", `(() => {
		const { left, right, top, bottom } = document.querySelector('.graphiql-response .monaco-editor').getBoundingClientRect();
		return left >= 0 && right <= innerWidth && right - left >= 300 && top >= 0 && bottom <= innerHeight && bottom - top >= 200;
	})()`)
	v.Await("the operation to be above it", `(() => {
		const { width, top, bottom } = document.querySelector('.graphiql-query-editor .monaco-editor').getBoundingClientRect();
		return width >= 250 && bottom - top >= 150 && bottom <= document.querySelector('.graphiql-response').getBoundingClientRect().top;
	})()`)
	v.Await("nothing to be wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
	v.hadNoTrouble()
}

// TestPageWithoutTheLink has no credentials either, and says where to find
// them: other users of the machine can open it too.
func TestPageWithoutTheLink(t *testing.T) {
	v := visitTo(t, "--dev")
	v.Go("/")
	v.Click(`//a[.="Playground"]`)
	v.says(whereTheLinkIs)
	v.opens("/playground?token=of-an-earlier-server")
	v.says(whereTheLinkIs)
	v.Await("the first recipe's header as a comment", valueOf(headers)+` === `+quoted("{\n  // \"Authorization\": \"ApiKey $KEY\"\n}"))
	v.hadNoTrouble()

	v.opens(v.link())
	v.Await("the key", valueOf(headers)+`.includes(`+quoted(v.server.DevelopmentKey())+`)`)
	v.Await("no notice", `document.querySelector('.notice') === null`)
	v.opens("/playground") // the browser has a cookie now
	v.Await("the key", valueOf(headers)+`.includes(`+quoted(v.server.DevelopmentKey())+`)`)
	v.hadNoTrouble()
}

const whereTheLinkIs = "To have an API key and a session token filled in, open the link that make run (dialogs serve --dev) printed in its terminal."

// TestPageOutsideOfDevelopment shows where credentials go, and has none; nor
// has it the schema.
func TestPageOutsideOfDevelopment(t *testing.T) {
	v := visitTo(t, "--playground")
	v.opens("/playground")
	v.says("There is no documentation and no completion here, because the server does not show its schema: introspection is disabled (start with --introspection, or use schema.graphqls).")
	v.Await("the first recipe's header as a comment", valueOf(headers)+` === `+quoted("{\n  // \"Authorization\": \"ApiKey $KEY\"\n}"))
	v.Click(executeButton)
	v.Await("the answer to the anonymous", valueOf(response)+`.includes('UNAUTHENTICATED')`)
	v.hadNoTrouble("status of 400", "status of 401")
}

// token is the session token that the page was given.
func (v *visit) token() string {
	v.Helper()
	return v.Read(`fetch('/playground/settings.json').then(answer => answer.json()).then(settings => settings.credentials.token)`)
}

// withoutIDs is a JavaScript expression of a text without the ids of dialogs,
// which each visit has its own of.
func withoutIDs(expression string) string {
	return expression + `.replace(/"[0-9a-f]{24}"/g, '')`
}

// parsedHeaders reads HTTP headers, one a line.
func parsedHeaders(text string) any {
	parsed := map[string]any{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		parsed[name] = value
	}
	return parsed
}
