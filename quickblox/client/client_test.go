// Package client_test runs QuickBlox's own client library against the server.
package client_test

import (
	"os/exec"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// TestNPM runs the npm package quickblox, unmodified, over HTTPS. One of its
// dependencies asks for an archive from outside the registry; package.json has
// the same from the registry in its place.
func TestNPM(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		clienttest.NotRun(t, "npm quickblox", "npm")
	}
	clienttest.Install(t, ".")
	certificate := servertest.NewCertificate(t, 1)
	server := servertest.Spawn(t, "--dev", "--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile, "--rate-limit", "0")
	t.Log(clienttest.Run(t, ".", []string{
		"TEST_ENDPOINT=" + strings.TrimPrefix(server.URL, "http://"),
		"TEST_KEY=" + server.DevelopmentKey(),
		"NODE_EXTRA_CA_CERTS=" + certificate.CertFile,
	}, "npm", "run", "--silent", "test"))
}
