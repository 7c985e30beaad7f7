package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing is what is traced, and where traces are sent.
type Tracing struct {
	// Endpoint is the URL of a collector that takes OTLP over HTTP.
	Endpoint string
	// Sample is the part of the traces that begin here which is recorded, from 0 to 1. A
	// trace that a client has begun is recorded when the client records it.
	Sample float64
	// Documents and Callers add what clients sent, and who they are, to spans.
	Documents, Callers bool
	// Version is that of the program, and System the database.
	Version, System string
	Log             *slog.Logger
}

// A Tracer records traces: a span for each request, the operation in it, each root
// field that calls the service, and each call to the store. A server without traces has
// none.
type Tracer struct {
	Tracing
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	system   attribute.KeyValue
	w3c      propagation.TraceContext
}

// NewTracer makes a tracer. It sends spans in the background, and drops them when the
// collector does not take them.
func NewTracer(ctx context.Context, t Tracing) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(t.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("sending traces: %w", err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(&reported{SpanExporter: exporter, log: t.Log}),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(t.Sample))),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "dialogs"), attribute.String("service.version", t.Version),
		)),
	)
	return &Tracer{Tracing: t, provider: provider, tracer: provider.Tracer("dialogs"), system: attribute.String("db.system.name", t.System)}, nil
}

// Close sends what is recorded, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	err := t.provider.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // the log says what was lost
	}
	return err
}

// reported logs when the collector stops taking spans, and when it takes them again.
type reported struct {
	sdk.SpanExporter
	log  *slog.Logger
	away bool
}

// ExportSpans sends spans. It never runs twice at the same time.
func (r *reported) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	if failed := err != nil; failed != r.away {
		r.away = failed
		if failed {
			r.log.WarnContext(ctx, "sending traces failed", "error", err)
		} else {
			r.log.InfoContext(ctx, "sending traces again")
		}
	}
	return nil //nolint:nilerr // it is logged, and OpenTelemetry would print it to standard error
}

// Request begins the span of a request, as a part of the trace that its headers name.
func (t *Tracer) Request(r *http.Request) (context.Context, trace.Span) {
	ctx := t.w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	method := r.Method
	if !known(method) {
		method = other
	}
	return t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("network.protocol.version", fmt.Sprintf("%d.%d", r.ProtoMajor, r.ProtoMinor)),
	))
}

// EndRequest ends the span of a request. The route is the pattern that matched, and never
// the path, which can contain ids.
func EndRequest(span trace.Span, method, route, requestID string, status int) {
	if span.IsRecording() {
		if !known(method) {
			method = other
		}
		if route != "" {
			span.SetName(method + " " + route)
		}
		span.SetAttributes(
			attribute.String("http.route", route), attribute.Int("http.response.status_code", status), attribute.String("dialogs.request.id", requestID),
		)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
	}
	span.End()
}

// Continue is a context whose spans are in the trace of another, and which keeps nothing
// else of that.
func Continue(to, from context.Context) context.Context {
	return trace.ContextWithSpanContext(to, trace.SpanContextFromContext(from))
}

// Operation begins the span of an operation. Its name is the operation's type: there is
// no limit to names that clients choose. The user is empty for a server.
func (t *Tracer) Operation(ctx context.Context, kind, document, user, key string) (context.Context, func()) {
	ctx, span := t.tracer.Start(ctx, kind, trace.WithAttributes(attribute.String("graphql.operation.type", kind)))
	if span.IsRecording() {
		if t.Documents {
			span.SetAttributes(attribute.String("graphql.document", document))
		}
		if t.Callers {
			span.SetAttributes(attribute.String("enduser.id", user), attribute.String("dialogs.api_key.name", key))
		}
	}
	return ctx, func() { span.End() }
}

// Field begins the span of a root field, which is one call of the service. It ends with the
// code of the field's error; empty for none.
func (t *Tracer) Field(ctx context.Context, name string) (context.Context, func(code string)) {
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(code string) { endSpan(span, code) }
}

// call begins the span of a call to the store, unless nobody traces what it is a part of.
func (t *Tracer) call(ctx context.Context, name string) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "store."+name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		t.system, attribute.String("db.operation.name", name),
	))
}

// Send begins the span of a request to another server, and passes the trace on in its
// headers.
func (t *Tracer) Send(r *http.Request, name string) (*http.Request, trace.Span) {
	ctx, span := t.tracer.Start(r.Context(), name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", r.Method),
	))
	r = r.WithContext(ctx)
	t.w3c.Inject(ctx, propagation.HeaderCarrier(r.Header))
	return r, span
}

// Transport traces the requests that are sent through another transport.
func (t *Tracer) Transport(name string, next http.RoundTripper) http.RoundTripper {
	return transport{t, name, next}
}

type transport struct {
	tracer *Tracer
	name   string
	next   http.RoundTripper
}

// RoundTrip sends a copy of the request, as the interface requires.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, span := t.tracer.Send(r.Clone(r.Context()), t.name)
	response, err := t.next.RoundTrip(sent)
	if err != nil {
		endSpan(span, "unreachable")
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	span.End()
	return response, nil
}

func endSpan(span trace.Span, failure string) {
	if failure != "" {
		span.SetAttributes(attribute.String("error.type", failure))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
