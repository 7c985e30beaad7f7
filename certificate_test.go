package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A pair is a certificate that signs itself, and its key.
type pair struct{ certFile, keyFile string }

func newPair(t testing.TB, dir string) pair {
	t.Helper()
	return pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

// write makes a new certificate of this serial number for 127.0.0.1.
func (p pair) write(t testing.TB, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "dialogs"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, p.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	replace(t, p.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// replace writes a file at once, as those who renew certificates do.
func replace(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// serialOf connects and returns the serial number of the certificate.
func (r *running) serialOf(t testing.TB, c *tls.Config) int64 {
	t.Helper()
	c.InsecureSkipVerify = true // which one it is shows in its number
	dialer := &tls.Dialer{Config: c}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// untilSerial connects until the certificate is the one of this number.
func (r *running) untilSerial(t testing.TB, want int64) {
	t.Helper()
	for deadline := time.Now().Add(patience); r.serialOf(t, &tls.Config{}) != want; {
		if time.Now().After(deadline) {
			t.Fatalf("the certificate is never number %d", want)
		}
	}
}

func TestHTTPS(t *testing.T) {
	p := newPair(t, t.TempDir())
	roots := x509.NewCertPool()
	roots.AddCert(p.write(t, 1))
	s := start(t, "--tls-cert", p.certFile, "--tls-key", p.keyFile)
	address := strings.TrimPrefix(s.url, "http://")
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
	if status, _ := s.get("/healthz"); status != http.StatusBadRequest {
		t.Errorf("HTTP on the port of HTTPS: got status %d", status)
	}
	if err := s.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
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
	p := newPair(t, t.TempDir())
	p.write(t, 1)
	s := start(t, "--tls-cert", p.certFile, "--tls-key", p.keyFile)
	s.untilSerial(t, 1)
	p.write(t, 2)
	s.untilSerial(t, 2)

	for _, broken := range []struct {
		reason string
		change func()
	}{
		{"no certificate", func() { replace(t, p.certFile, []byte("nonsense")) }},
		{"a key of another", func() {
			p.write(t, 3)
			replace(t, p.keyFile, readFile(t, otherKey(t)))
		}},
		{"no key at all", func() {
			if err := os.Remove(p.keyFile); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		broken.change()
		before := strings.Count(s.stderr.String(), "the one before stays")
		for deadline := time.Now().Add(patience); strings.Count(s.stderr.String(), "the one before stays") == before; {
			if got := s.serialOf(t, &tls.Config{}); got != 2 && got != 3 {
				t.Errorf("%s: got certificate %d, want the one before", broken.reason, got)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the log never says that it can't be used: %s", broken.reason, s.stderr)
			}
		}
	}
	p.write(t, 4)
	s.untilSerial(t, 4)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// otherKey is the key of another certificate.
func otherKey(t testing.TB) string {
	t.Helper()
	p := newPair(t, t.TempDir())
	p.write(t, 9)
	return p.keyFile
}
