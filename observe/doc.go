// Package observe makes a server visible from outside: metrics in the formats of
// Prometheus and OpenMetrics, and traces by OpenTelemetry.
//
// It must not decide anything, and must cost requests next to nothing: series are
// found without making labels, and what is off does not run. No text that a client
// chose becomes a label, so that the number of series is bounded.
package observe
