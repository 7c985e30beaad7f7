package observe

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options are what metrics are labeled with.
type Options struct {
	// Version is that of the program.
	Version string
	// System is the database, in OpenTelemetry's words: sqlite or mongodb.
	System string
	// Fields are the root fields of the GraphQL schema, and Settings the names of all
	// settings: nothing else becomes a label of operations and refusals.
	Fields, Settings []string
}

// Metrics are those of one server.
type Metrics struct {
	registry *prometheus.Registry

	requests   *series[requestKey, prometheus.Observer]
	calls      *series[callKey, prometheus.Observer]
	operations *series[operationKey, prometheus.Counter]
	refusals   *series[string, prometheus.Counter]
	updates    *series[string, prometheus.Counter]
	ends       *series[endKey, prometheus.Counter]
	open       *series[string, prometheus.Gauge]
	webhooks   *series[string, prometheus.Counter]
	retries    prometheus.Counter
	groups     prometheus.Observer
	deliveries prometheus.Observer
}

// Buckets in seconds: those that the semantic conventions of OpenTelemetry advise for
// requests and for databases, and for deliveries, which should take far less than a second.
var (
	requestBuckets  = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	databaseBuckets = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10}
	deliveryBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	groupBuckets    = []float64{1, 2, 4, 8, 16, 32, 64, 128}
)

// NewMetrics makes the metrics of a server.
func NewMetrics(o Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "dialogs_build_info", Help: "The version of the server; always 1."}, []string{"version"})
	build.WithLabelValues(o.Version).Set(1)
	m.registry.MustRegister(
		build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.addRequests(&o)
	m.addStore(&o)
	m.addStreams()
	return m
}

// Handler answers with all metrics, in the format that the header Accept asks for.
func (m *Metrics) Handler() http.Handler {
	return promhttp.InstrumentMetricHandler(m.registry, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: scrapesMost, Timeout: scrapeTimeout, Registry: m.registry,
	}))
}

// What scrapes may cost.
const (
	scrapesMost   = 4
	scrapeTimeout = 10 * time.Second
)

// Gauge adds a value that is read when the metrics are.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(vec)
	return vec
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(vec)
	return vec
}
