package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type endKey struct{ transport, reason string }

// endsMost is how many ways there are to end, about: transports times codes.
const endsMost = 40

func (m *Metrics) addStreams() {
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "dialogs_subscriptions", Help: "Subscriptions that are open, by transport."}, []string{"transport"})
	m.registry.MustRegister(open)
	m.open = newSeries(4, other, func(transport string) prometheus.Gauge { return open.WithLabelValues(transport) })
	ends := m.counters("dialogs_subscription_ends_total", "Subscriptions that ended: completed, disconnected, stopping, or the code of an error.", "transport", "reason")
	m.ends = newSeries(endsMost, endKey{other, other}, func(k endKey) prometheus.Counter {
		return ends.WithLabelValues(k.transport, k.reason)
	})
	m.deliveries = m.histograms("dialogs_delivery_seconds", "Time from a change to its event on a subscription. Events of a catch-up are left out.", deliveryBuckets).WithLabelValues()
	webhooks := m.counters("dialogs_webhook_attempts_total", "Attempts to deliver to webhooks: delivered, failed, slow (the receiver asked for less) or gone.", "outcome")
	m.webhooks = newSeries(8, other, func(outcome string) prometheus.Counter { return webhooks.WithLabelValues(outcome) })
}

// Subscribed counts a subscription that was opened.
func (m *Metrics) Subscribed(transport string) { m.open.of(transport).Inc() }

// Unsubscribed counts one that ended, and why.
func (m *Metrics) Unsubscribed(transport, reason string) {
	m.open.of(transport).Dec()
	m.ends.of(endKey{transport, reason}).Inc()
}

// Delivered observes how long after the change an event was sent.
func (m *Metrics) Delivered(after time.Duration) { m.deliveries.Observe(max(0, after.Seconds())) }

// Attempted counts an attempt to deliver to a webhook.
func (m *Metrics) Attempted(outcome string) { m.webhooks.of(outcome).Inc() }
