package cli

import "testing"

// TestNextPort suggests another port of the same host.
func TestNextPort(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8081",
		"0.0.0.0:65535":  "0.0.0.0:8081",
		"[::1]:443":      "[::1]:444",
		":http":          ":81",
		"localhost:80":   "localhost:81",
	} {
		if got := nextPort(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
