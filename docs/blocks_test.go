package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A use says what tests a block of a document.
type use struct {
	document, language string
	// begins is the beginning of the block; empty for all blocks of the language.
	begins string
	// by is the test that runs the block or compares it with what happens, as
	// directory.Test; or "not run: " and why.
	by string
}

var uses = []use{
	{"README.md", "text", "", "not run: a picture"},
	{"README.md", "sh", "make run", "docs.TestMakeTargets"},
	{"README.md", "sh", "docker build", "not run: needs Docker; e2e.TestImage builds and runs what the image runs"},
	{"README.md", "sh", "curl", "e2e.TestREADME"},
	{"README.md", "ts", "", "e2e.TestREADME"},
	{"README.md", "http", "", "e2e.TestREADME"},
	{"README.md", "graphql", "", "e2e.TestREADME"},
	{"README.md", "json", "", "e2e.TestREADME"},
	{"docs/architecture.md", "text", "schema.graphqls", "docs.TestPackages"},
	{"docs/architecture.md", "text", "server.go", "not run: a picture; the linter depguard checks the arrows"},
	{"docs/architecture.md", "text", "HTTP request", "not run: a picture"},
	{"docs/deploy.md", "sh", "docker build", "not run: needs Docker; e2e.TestImage builds and runs what the image runs"},
	{"docs/deploy.md", "yaml", "", "docs.TestYAML"},
	{"docs/deploy.md", "sh", "install", "not run: changes the machine; e2e.TestUnit has systemd read the unit"},
	{"docs/deploy.md", "sh", "systemd-run", "not run: needs systemd as the first process"},
	{"docs/deploy.md", "caddyfile", "", "e2e.TestProxies"},
	{"docs/deploy.md", "nginx", "", "e2e.TestProxies"},
	{"docs/deploy.md", "sh", "DIALOGS_STORE_FILE", "e2e.TestMongoCommand"},
	{"docs/deploy.md", "js", "", "not run: needs a sharded cluster; store/mongo.TestShardedCluster shards collections in the same way where there is one"},
	{"docs/live.md", "ts", "import", "not run: has functions of an application; clients.TestNPM runs the same library with the same options"},
	{"docs/live.md", "sh", "", "e2e.TestEventStreamByHand"},
	{"docs/live.md", "ts", "/** The fields", "docs.TestShownIsRun"},
	{"docs/live.md", "ts", "const variables", "not run: two lines that show how examples/web/src/resume.ts is called"},
	{"docs/operations.md", "sh", "", "e2e.TestOperationsCommands"},
	{"docs/quickblox.md", "js", "", "quickblox/client.TestNPM"},
	{"docs/quickblox.md", "sh", "", "e2e.TestExportAndImport"},
	{"docs/sync.md", "ts", "", "docs.TestShownIsRun"},
	{"docs/webhooks.md", "sh", "", "e2e.TestOperationsCommands"},
	{"docs/webhooks.md", "ts", "", "clients.TestNPM"},
	{"docs/webhooks.md", "go", "", "e2e.TestWebhookReceiverInGo"},
	{"docs/webhooks.md", "json", "", "e2e.TestDeliveryAsShown"},
	{"examples/web/README.md", "sh", "make run", "docs.TestMakeTargets"},
	{"examples/web/README.md", "sh", "cd examples/web", "not run: serves until it is stopped; examples/web.TestPage builds and uses the same page"},
	{"examples/web/README.md", "sh", "DIALOGS_KEY", "not run: needs the development key; examples/server runs the same program"},
}

// TestBlocksAreTested finds blocks of which nobody has said what tests them, and tests that
// do not exist.
func TestBlocksAreTested(t *testing.T) {
	found := make([]bool, len(uses))
	for name, text := range documents(t) {
		for _, block := range fence.FindAllStringSubmatch(text, -1) {
			known := false
			for i, u := range uses {
				if u.document == name && u.language == block[1] && strings.HasPrefix(block[2], u.begins) {
					found[i], known = true, true
				}
			}
			if !known {
				t.Errorf("%s has a block of %s without a row that says what tests it: %.60q", name, block[1], block[2])
			}
		}
	}
	named := regexp.MustCompile(`([a-z0-9/]+)\.(Test\w+)`)
	for i, u := range uses {
		if !found[i] {
			t.Errorf("%s has no block of %s that begins with %q", u.document, u.language, u.begins)
		}
		tests := named.FindAllStringSubmatch(u.by, -1)
		if len(tests) == 0 && !strings.HasPrefix(u.by, "not run: ") {
			t.Errorf("%s, %s %q: what tests it?", u.document, u.language, u.begins)
		}
		for _, test := range tests {
			if !hasTest(t, test[1], test[2]) {
				t.Errorf("there is no test %s in %s", test[2], test[1])
			}
		}
	}
}

// hasTest tells whether a directory has a test.
func hasTest(t *testing.T, directory, name string) bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, directory, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
