package e2e_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/servertest"
)

// TestReload changes the files of a running server and sends SIGHUP: it takes what
// it can use, keeps what it can't replace, and says both.
func TestReload(t *testing.T) {
	certificate := servertest.NewCertificate(t, 1)
	oldSecret, newSecret := strings.Repeat("o", 40), strings.Repeat("n", 40)
	secret, level := writeFile(t, oldSecret), writeFile(t, "info")
	trusted := writeFile(t, mustJSON(t, map[string]string{"1": whoami}))
	p := servertest.Spawn(t, "--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile, "--secret-file", secret,
		"--trusted-documents", trusted, "--log-level-file", level)
	serial := int64(0)
	p.Client.Transport = &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			serial = state.PeerCertificates[0].SerialNumber.Int64()
			return nil
		},
	}}
	token := func(secret string) servertest.Header {
		return servertest.WithToken(signed(t, secret, jwt.MapClaims{"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}))
	}
	p.Must(token(oldSecret), whoami, nil)

	const other = `{ viewer { kind } }`
	certificate.Renew(t, 2)
	servertest.Replace(t, secret, []byte(newSecret))
	servertest.Replace(t, trusted, mustJSON(t, map[string]string{"1": other}))
	servertest.Replace(t, level, []byte("debug"))
	p.Signal(syscall.SIGHUP)
	p.Stderr.Await(t, `"level":"INFO","msg":"reloaded","settings":\["--log-level-file","--tls-cert","--trusted-documents","--secret-file"\]`)
	p.Must(token(newSecret), other, nil)
	if serial != 2 {
		t.Errorf("got the certificate %d, want 2", serial)
	}
	isUnknown(t, p.Server, signed(t, oldSecret, jwt.MapClaims{"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}))
	if reply := p.Post(token(newSecret), whoami, nil); len(reply.Errors) != 1 {
		t.Errorf("a document that is not trusted any more: %s", reply.Body)
	}
	p.Get("/healthz")
	p.Stderr.Await(t, `"level":"DEBUG".*/healthz`)

	for _, path := range []string{certificate.CertFile, secret, trusted, level} {
		servertest.Replace(t, path, []byte("bad"))
	}
	p.Signal(syscall.SIGHUP)
	p.Stderr.Await(t, `"msg":"reloaded","settings":\[\]`)
	for _, setting := range []string{"tls-cert", "secret-file", "trusted-documents", "log-level-file"} {
		p.Stderr.Await(t, `"level":"ERROR","msg":"not reloaded: the previous value stays in use","setting":"--`+setting+`"`)
	}
	p.Must(token(newSecret), other, nil)
	if serial != 2 {
		t.Errorf("got the certificate %d, want the previous one", serial)
	}
	stops(t, p)
	p.Stderr.Await(t, `"msg":"stopped"`)
	if strings.Contains(p.Stderr.String(), newSecret) {
		t.Error("the log shows the secret")
	}
}
