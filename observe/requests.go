package observe

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// requestsMost is how many combinations of method, route and status have series of
	// their own: a server that is used has about 20.
	requestsMost = 40
	// failuresMost is the same for root fields and codes.
	failuresMost = 400
	// other stands for everything that has no label of its own, as in the semantic
	// conventions of OpenTelemetry.
	other = "_OTHER"
)

// known tells whether a method is one that becomes a label.
func known(method string) bool {
	switch method {
	case "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH":
		return true
	}
	return false
}

type requestKey struct {
	method, route string
	status        int
}

type operationKey struct{ field, code string }

func (m *Metrics) addRequests(o *Options) {
	requests := m.histograms("http_server_request_duration_seconds",
		"Time until a request was answered, or until a stream began.", requestBuckets,
		"http_request_method", "http_route", "http_response_status_code")
	m.requests = newSeries(requestsMost, requestKey{method: other}, func(k requestKey) prometheus.Observer {
		status := other
		if k.status != 0 {
			status = strconv.Itoa(k.status)
		}
		return requests.WithLabelValues(k.method, k.route, status)
	})
	operations := m.counters("dialogs_operations_total",
		"Root fields that were executed, by the code of their first error; OK without one. Operations that failed before anything was executed have no field.", "field", "code")
	m.operations = newSeries(failuresMost, operationKey{other, other}, func(k operationKey) prometheus.Counter {
		return operations.WithLabelValues(k.field, k.code)
	})
	for _, field := range o.Fields {
		m.operations.of(operationKey{field, "OK"})
	}
	refusals := m.counters("dialogs_refusals_total", "Requests and connections that a limit refused, by the name of the setting.", "setting")
	settings := slices.Clone(o.Settings)
	m.refusals = newSeries(len(settings)+1, other, func(setting string) prometheus.Counter {
		if !slices.Contains(settings, setting) {
			setting = other
		}
		return refusals.WithLabelValues(setting)
	})
}

// Request counts a request that was answered. Streams count when they begin.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if !known(method) {
		method = other
	}
	m.requests.of(requestKey{method, route, status}).Observe(took.Seconds())
}

// Operation counts a root field of the schema, or an empty one for an operation that
// was not executed, with the code of its error; empty for none.
func (m *Metrics) Operation(field, code string) {
	if code == "" {
		code = "OK"
	}
	m.operations.of(operationKey{field, code}).Inc()
}

// Refused counts what a limit refused, by the name of its setting.
func (m *Metrics) Refused(setting string) { m.refusals.of(setting).Inc() }
