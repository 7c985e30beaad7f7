// Package clients_test runs clients that others wrote against the server: the
// audits of GraphQL over HTTP, graphql-ws, graphql-sse, Apollo Client, urql,
// Relay, and types by graphql-codegen.
package clients_test

import (
	"os"
	"os/exec"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// TestNPM builds the npm package beside this file, which generates types from
// the schema and compiles them strictly, and runs its tests.
func TestNPM(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		clienttest.NotRun(t, "npm clients", "npm")
	}
	clienttest.Install(t, ".")
	clienttest.Depend(t, "../examples/web/src")
	if _, err := os.Stat("../schema.graphqls"); err != nil {
		t.Fatal(err)
	}
	clienttest.Run(t, ".", nil, "npm", "run", "--silent", "build")
	server := servertest.Spawn(t, "--dev", "--webhook-allow", "127.0.0.1")
	trusting := servertest.Spawn(t, "--dev", "--trusted-documents", "src/gql/persisted-documents.json")
	t.Log(clienttest.Run(t, ".", []string{
		"TEST_URL=" + server.URL + "/graphql",
		"TEST_KEY=" + server.DevelopmentKey(),
		"TEST_PROGRAM=" + servertest.Binary(t),
		"TEST_TRUSTING_URL=" + trusting.URL + "/graphql",
		"TEST_TRUSTING_TOKEN=" + trusting.Token("alice"),
	}, "npm", "run", "--silent", "test"))
}
