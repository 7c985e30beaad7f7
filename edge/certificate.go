package edge

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateLooks is the shortest time between two checks of a certificate's files.
const certificateLooks = time.Second

// A Certificate is a certificate and its key, in two files. The files are read again when
// they change. If the new ones are not valid, the previous certificate stays in use, and
// that is logged.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	// tried are the files that were read last, whether they were valid or not.
	tried files
}

// files describes the two files at some moment; nil for a file that is missing.
type files struct{ cert, key os.FileInfo }

// ReadCertificate reads the certificate, and fails if the files are not valid.
func ReadCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: now, log: log, looked: now(), tried: filesAt(certFile, keyFile)}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	c.current = &pair
	return c, nil
}

// TLS returns the configuration for HTTPS with the certificate, from TLS 1.2 on. If c is
// nil, it returns nil, which means plain HTTP.
func (c *Certificate) TLS() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.forHello}
}

// Reload reads the files again, even if they have not changed. If that fails, the previous
// certificate stays in use.
func (c *Certificate) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked, c.tried = c.now(), filesAt(c.certFile, c.keyFile)
	return c.read()
}

// forHello returns the certificate for a new connection.
func (c *Certificate) forHello(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= certificateLooks || now.Before(c.looked) {
		c.looked = now
		if seen := filesAt(c.certFile, c.keyFile); !seen.same(c.tried) {
			c.tried = seen
			c.readAndLog()
		}
	}
	return c.current, nil
}

// read reads the files. c.mu must be held.
func (c *Certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current = &pair
	return nil
}

// readAndLog reads the files and logs the result. c.mu must be held.
func (c *Certificate) readAndLog() {
	if err := c.read(); err != nil {
		c.log.Error("certificate not reloaded: the previous one stays in use", "error", err)
		return
	}
	c.log.Info("certificate reloaded", "expires", c.current.Leaf.NotAfter)
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
