package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
)

func (p *program) healthcheckCommand() *cobra.Command {
	var s settings
	timeout := 5 * time.Second
	c := &cobra.Command{
		Use: "healthcheck", Short: "Ask the server on this machine whether it is ready; exits 0 or 1",
		Long: `Asks the server on this machine whether it is ready. It finds the server by the
server's own settings. For container health checks.`,
		Example: "  dialogs healthcheck --listen 127.0.0.1:8080",
		Args:    takes(), PreRunE: p.prepare,
	}
	c.Flags().StringVar(&s.listen, "listen", "127.0.0.1:8080", "address and port that the server listens on")
	c.Flags().StringVar(&s.tlsCert, "tls-cert", "", "set when the server serves HTTPS")
	settable(c.Flags())
	c.Flags().Var(period(&timeout, time.Millisecond), "timeout", "maximum time to wait for the answer")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
		defer cancel()
		return s.askReady(ctx)
	}
	return c
}

// askReady is nil when the server says that it is ready.
func (s *settings) askReady(ctx context.Context) error {
	host, port, err := net.SplitHostPort(s.listen)
	if err != nil {
		return fmt.Errorf("%s %q: must be an address and a port", named("listen"), shown(s.listen))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.scheme()+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		//nolint:gosec // the certificate is for the server's public name, and nothing is sent or believed but "ready"
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("%s %q: no server answers: %w", named("listen"), shown(s.listen), dialog.WithoutURL(err))
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("not ready: " + response.Status)
	}
	return nil
}
