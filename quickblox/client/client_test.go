// Package client_test runs QuickBlox's own client library against the server.
package client_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// guide has the lines that point the library at a server, which the tests run.
const guide = "../../docs/quickblox.md"

// TestNPM runs several versions of the npm package quickblox, unmodified, over
// HTTPS. One of its dependencies asks for an archive from outside the registry;
// package.json replaces it by the same version from the registry.
func TestNPM(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		clienttest.NotRun(t, "npm quickblox", "npm")
	}
	if _, err := os.Stat(guide); err != nil { // which also tells go test that the result depends on it
		t.Fatal(err)
	}
	clienttest.Install(t, ".")
	certificate := servertest.NewCertificate(t, 1)
	server := servertest.Spawn(t, "--dev", "--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile, "--rate-limit", "0")
	t.Log(clienttest.Run(t, ".", []string{
		"TEST_GUIDE=" + guide,
		"TEST_ENDPOINT=" + strings.TrimPrefix(server.URL, "https://"),
		"TEST_KEY=" + server.DevelopmentKey(),
		"NODE_EXTRA_CA_CERTS=" + certificate.CertFile,
	}, "npm", "run", "--silent", "test"))
}
