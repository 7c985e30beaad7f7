package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// tlsConfig is how HTTPS is served; nil for HTTP.
func (s *settings) tlsConfig(log *slog.Logger) (*tls.Config, error) {
	if s.tlsCert == "" {
		return nil, nil
	}
	c, err := readCertificate(s.tlsCert, s.tlsKey, log)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.forHello}, nil
}

// scheme is what the server's addresses begin with.
func (s *settings) scheme() string {
	if s.tlsCert == "" {
		return "http"
	}
	return "https"
}

// certificateLooks is the least time between two looks at a certificate's
// files.
const certificateLooks = time.Second

// A certificate is one with its key in two files. It is read again when they
// change; what can't be used then leaves the one before in its place.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	// tried are the files that were read last, whether they could be used or
	// not.
	tried files
}

// files are what two files were at some moment; nil for one that is missing.
type files struct{ cert, key os.FileInfo }

// readCertificate fails when the files can't be used.
func readCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now(), tried: filesAt(certFile, keyFile)}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	c.current = &pair
	return c, nil
}

// forHello is the certificate for a connection that begins.
func (c *certificate) forHello(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateLooks {
		c.looked = now
		c.look()
	}
	return c.current, nil
}

// look reads the files again if they changed. c.mu must be held.
func (c *certificate) look() {
	now := filesAt(c.certFile, c.keyFile)
	if now.same(c.tried) {
		return
	}
	c.tried = now
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.Error("the certificate changed and can't be used; the one before stays", "error", err)
		return
	}
	c.current = &pair
	c.log.Info("the certificate changed", "expires", pair.Leaf.NotAfter)
}

func filesAt(certFile, keyFile string) files {
	at := func(path string) os.FileInfo {
		info, err := os.Stat(path)
		if err != nil { // missing, perhaps for a moment
			return nil
		}
		return info
	}
	return files{at(certFile), at(keyFile)}
}

func (f files) same(other files) bool {
	return sameFile(f.cert, other.cert) && sameFile(f.key, other.key)
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
