package edge

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateLooks is the least time between two looks at a certificate's
// files.
const certificateLooks = time.Second

// A Certificate is a certificate with its key, in two files. The files are
// read again when they change. When the new ones cannot be used, the previous
// certificate stays and the log says so.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time
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

// ReadCertificate fails when the files cannot be used.
func ReadCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: now, log: log, looked: now(), tried: filesAt(certFile, keyFile)}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	c.current = &pair
	return c, nil
}

// TLS is how to serve HTTPS with the certificate, from TLS 1.2 on. It is nil, which
// stands for plain HTTP, when c is nil.
func (c *Certificate) TLS() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.forHello}
}

// Reload reads the files again now, whether they changed or not. After an error,
// the previous certificate stays in use.
func (c *Certificate) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked, c.tried = c.now(), filesAt(c.certFile, c.keyFile)
	return c.read()
}

// forHello is the certificate for a connection that begins.
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
