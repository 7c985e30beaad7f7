package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// serialOf connects and returns the serial number of the certificate.
func (r server) serialOf(t testing.TB) int64 {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true} // which one it is shows in its number
	conn, err := tls.Dial("tcp", strings.TrimPrefix(r.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// untilSerial connects until the certificate is the one of this number.
func (r server) untilSerial(t testing.TB, want int64) {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); r.serialOf(t) != want; {
		if time.Now().After(deadline) {
			t.Fatalf("the certificate is never number %d", want)
		}
	}
}

func TestHTTPS(t *testing.T) {
	c := servertest.NewCertificate(t, 1)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFile(t, c.CertFile))
	s := start(t, "--tls-cert", c.CertFile, "--tls-key", c.KeyFile)
	address := strings.TrimPrefix(s.URL, "https://")
	for _, test := range []struct {
		reason  string
		version uint16
		ok      bool
	}{
		{"TLS 1.3", tls.VersionTLS13, true},
		{"TLS 1.2", tls.VersionTLS12, true},
		{"TLS 1.1", tls.VersionTLS11, false},
	} {
		config := &tls.Config{RootCAs: roots, MinVersion: test.version, MaxVersion: test.version}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
		status, body, err := fetch(t.Context(), client, "https://"+address+"/account_settings.json")
		client.CloseIdleConnections()
		if (err == nil) != test.ok || test.ok && (status != http.StatusOK || !strings.Contains(body, `"api_endpoint":"https://127.0.0.1:`)) {
			t.Errorf("%s: got status %d, error %v: %s", test.reason, status, err, body)
		}
	}
	s.URL = "http://" + address
	if status, _ := s.Get("/healthz"); status != http.StatusBadRequest {
		t.Errorf("HTTP on the port of HTTPS: got status %d", status)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func fetch(ctx context.Context, client *http.Client, url string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// TestCertificateChanges replaces the files of a server that runs: by good
// ones, by broken ones and by good ones again.
func TestCertificateChanges(t *testing.T) {
	t.Parallel()
	c := servertest.NewCertificate(t, 1)
	s := start(t, "--tls-cert", c.CertFile, "--tls-key", c.KeyFile)
	s.untilSerial(t, 1)
	c.Renew(t, 2)
	s.untilSerial(t, 2)

	for _, broken := range []struct {
		reason string
		change func()
	}{
		{"no certificate", func() { servertest.Replace(t, c.CertFile, []byte("nonsense")) }},
		{"a key of another", func() {
			c.Renew(t, 3)
			servertest.Replace(t, c.KeyFile, readFile(t, servertest.NewCertificate(t, 4).KeyFile))
		}},
		{"no key at all", func() {
			if err := os.Remove(c.KeyFile); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		broken.change()
		before := strings.Count(s.Stderr.String(), "the previous one stays")
		for deadline := time.Now().Add(servertest.Patience); strings.Count(s.Stderr.String(), "the previous one stays") == before; {
			if got := s.serialOf(t); got != 2 && got != 3 {
				t.Errorf("%s: got certificate %d, want the one before", broken.reason, got)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the log never says that it can't be used: %s", broken.reason, s.Stderr)
			}
		}
	}
	c.Renew(t, 5)
	s.untilSerial(t, 5)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
