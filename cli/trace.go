package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"dialogs/observe"
)

// traceFlush is how long the rest of the traces may take to be sent at the end.
const traceFlush = 2 * time.Second

// newTracer makes the tracer of a server; nil without a collector.
func (s *settings) newTracer(ctx context.Context, log *slog.Logger, opened *closers) (*observe.Tracer, error) {
	if s.tracing.Endpoint == "" {
		return nil, nil //nolint:nilnil // nothing is traced
	}
	tracing := s.tracing
	tracing.Version, tracing.System, tracing.Log = version(), s.store.system(), log
	tracer, err := observe.NewTracer(context.WithoutCancel(ctx), tracing)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", named("trace-endpoint"), err)
	}
	opened.add(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceFlush)
		defer cancel()
		return tracer.Close(ctx)
	})
	return tracer, nil
}

// traced wraps what sends requests to other servers, to trace them under a name; nil
// without traces.
func (p *parts) traced(name string) func(http.RoundTripper) http.RoundTripper {
	if p.tracer == nil {
		return nil
	}
	return func(next http.RoundTripper) http.RoundTripper { return p.tracer.Transport(name, next) }
}

// checkTracing refuses settings of traces without a collector.
func (s *settings) checkTracing() error {
	if s.tracing.Endpoint == "" && (s.tracing.Documents || s.tracing.Callers || s.tracing.Sample != 1) {
		return fmt.Errorf("%s, %s and %s require %s", named("trace-sample"), named("trace-documents"), named("trace-callers"), named("trace-endpoint"))
	}
	return nil
}

// collector is the URL of a collector.
func collector(to *string) pflag.Value {
	return &value[string]{to: to, kind: "URL", show: func(s string) string { return s }, parse: func(text string) (string, error) {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return "", errors.New("must be an http:// or https:// URL without a password or a query, for example http://127.0.0.1:4318/v1/traces")
		}
		return text, nil
	}}
}

// share is a number from 0 to 1.
func share(to *float64) pflag.Value {
	return &value[float64]{to: to, kind: "share", show: func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }, parse: func(text string) (float64, error) {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f >= 0 && f <= 1) { // NaN too
			return 0, errors.New("must be a number from 0 to 1")
		}
		return f, nil
	}}
}
