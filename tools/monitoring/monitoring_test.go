// Package monitoring_test evaluates the alert rules and the dashboard with Prometheus's own
// parser and engine.
package monitoring_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// scraped is how often the figures of the tests are scraped, and the rules evaluated.
const scraped = time.Minute

var language = parser.NewParser(parser.Options{})

// alerts reads the rules as strictly as Prometheus does.
func alerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	text, err := os.ReadFile("../../docs/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false, model.LegacyValidation, language, nil)
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	all := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			all[rule.Alert] = rule
		}
	}
	return all
}

// A database has series, each with a value for every minute.
type database []*promql.StorageSeries

// filled reads series in the notation of promtool: "metric{label="x"} 0+60x10" begins with 0
// and grows by 60 in each of 10 minutes, and "_" is a minute without a value.
func filled(t *testing.T, series []string) (db database) {
	t.Helper()
	for _, text := range series {
		metric, values, err := language.ParseSeriesDesc(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		s := promql.Series{Metric: metric}
		for i, v := range values {
			if !v.Omitted {
				s.Floats = append(s.Floats, promql.FPoint{T: (time.Duration(i) * scraped).Milliseconds(), F: v.Value})
			}
		}
		db = append(db, promql.NewStorageSeries(s))
	}
	return db
}

func (db database) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		found := slices.DeleteFunc(slices.Clone(db), func(s *promql.StorageSeries) bool {
			return slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Labels().Get(m.Name)) })
		})
		return &selected{all: found}
	}}, nil
}

// selected are the series that a query has selected.
type selected struct {
	all database
	at  int
}

func (s *selected) Next() bool                      { s.at++; return s.at <= len(s.all) }
func (s *selected) At() storage.Series              { return s.all[s.at-1] }
func (*selected) Err() error                        { return nil }
func (*selected) Warnings() annotations.Annotations { return nil }

// evaluate evaluates an expression at a minute.
func evaluate(t *testing.T, db database, expr string, minute int) promql.Vector {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, Parser: language})
	query, err := engine.NewInstantQuery(context.Background(), db, nil, expr, time.UnixMilli((time.Duration(minute) * scraped).Milliseconds()))
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	defer query.Close()
	result := query.Exec(t.Context())
	if result.Err != nil || len(result.Warnings) > 0 {
		t.Fatalf("%s: %v, %v", expr, result.Err, result.Warnings)
	}
	vector, err := result.Vector()
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return vector
}

// firing returns the minutes at which an alert fires, of the first ones.
func firing(t *testing.T, db database, rule rulefmt.Rule, minutes int) (at []int) {
	t.Helper()
	active := map[string]int{} // since when
	for minute := range minutes {
		now := map[string]int{}
		for _, sample := range evaluate(t, db, rule.Expr, minute) {
			name := sample.Metric.String()
			since, ok := active[name]
			if !ok {
				since = minute
			}
			now[name] = since
		}
		active = now
		for _, since := range active {
			if time.Duration(minute-since)*scraped >= time.Duration(rule.For) {
				at = append(at, minute)
				break
			}
		}
	}
	return at
}

// healthy are the figures of two servers under load for an hour, with what happens now and
// then: a refusal, a slow request, a client that does not read, a list that waits. All
// metrics of the dashboard are among them.
var healthy = []string{
	`up{job="dialogs", instance="a"} 1x60`,
	`up{job="dialogs", instance="b"} 1x20 0 1x40`, // it was replaced
	`db_client_operation_duration_seconds_count{db_operation_name="Update", db_system_name="sqlite", error_type="", instance="a"} 0+3840x60`,
	`db_client_operation_duration_seconds_count{db_operation_name="Update", db_system_name="sqlite", error_type="conflict", instance="a"} 0+60x60`,
	`db_client_operation_duration_seconds_count{db_operation_name="Update", db_system_name="sqlite", error_type="unavailable", instance="a"} 0x20 12x40`,
	`dialogs_operations_total{code="OK", field="updateDialog", instance="a"} 0+3840x60`,
	`dialogs_operations_total{code="FORBIDDEN", field="updateDialog", instance="a"} 0+60x60`,
	`dialogs_operations_total{code="UNAVAILABLE", field="updateDialog", instance="a"} 0x20 12x40`,
	`http_server_request_duration_seconds_count{http_request_method="POST", http_response_status_code="200", http_route="/graphql", instance="a"} 0+3900x60`,
	`http_server_request_duration_seconds_count{http_request_method="GET", http_response_status_code="503", http_route="/chat/", instance="a"} 0x20 3x40`,
	`http_server_request_duration_seconds_bucket{http_request_method="POST", http_response_status_code="200", http_route="/graphql", instance="a", le="0.1"} 0+3890x60`,
	`http_server_request_duration_seconds_bucket{http_request_method="POST", http_response_status_code="200", http_route="/graphql", instance="a", le="2.5"} 0+3898x60`,
	`http_server_request_duration_seconds_bucket{http_request_method="POST", http_response_status_code="200", http_route="/graphql", instance="a", le="+Inf"} 0+3900x60`,
	`dialogs_lanes_waiting{instance="a"} 3 2 1 0 5 1 0x20 2x8 0 1x8 0x30`,
	`dialogs_feed_lag_seconds{instance="a"} 0 0.5x30 30 0x30`,
	`dialogs_subscription_ends_total{reason="disconnected", transport="websocket", instance="a"} 0+120x60`,
	`dialogs_subscription_ends_total{reason="RESYNC_REQUIRED", transport="sse", instance="a"} 0+6x60`,
	`dialogs_webhook_lag_seconds{instance="a"} 0x20 60+60x14 0x30`,
	`dialogs_refusals_total{setting="limit-name", instance="a"} 0+30x60`,
	`db_client_operation_duration_seconds_bucket{db_operation_name="Update", db_system_name="sqlite", error_type="", instance="a", le="0.01"} 0+3800x60`,
	`db_client_operation_duration_seconds_bucket{db_operation_name="Update", db_system_name="sqlite", error_type="", instance="a", le="+Inf"} 0+3840x60`,
	`dialogs_store_group_commit_size_sum{instance="a"} 0+3840x60`,
	`dialogs_store_group_commit_size_count{instance="a"} 0+1280x60`,
	`dialogs_store_updates_total{way="straight", instance="b"} 0+3600x60`, // which has a MongoDB store
	`dialogs_store_updates_total{way="long", instance="b"} 0+240x60`,
	`dialogs_store_update_retries_total{instance="b"} 0+12x60`,
	`dialogs_subscriptions{transport="websocket", instance="a"} 900+1x60`,
	`dialogs_subscriptions{transport="sse", instance="a"} 100x60`,
	`dialogs_delivery_seconds_bucket{instance="a", le="0.05"} 0+36000x60`,
	`dialogs_delivery_seconds_bucket{instance="a", le="+Inf"} 0+36600x60`,
	`dialogs_webhook_attempts_total{outcome="delivered", instance="a"} 0+3800x60`,
	`dialogs_webhook_attempts_total{outcome="failed", instance="a"} 0+5x60`,
	`dialogs_lanes_in_use{instance="a"} 1x60`,
	`go_goroutines{job="dialogs", instance="a"} 1200x60`,
	`go_memstats_heap_inuse_bytes{job="dialogs", instance="a"} 30000000x60`,
	`process_cpu_seconds_total{job="dialogs", instance="a"} 0+24x60`,
	`process_open_fds{job="dialogs", instance="a"} 800x60`,
	`process_max_fds{job="dialogs", instance="a"} 1024x60`,
}

// TestAlerts lets each alert fire, at the first minute at which it should and until it is
// over, and none of them for healthy servers.
func TestAlerts(t *testing.T) {
	t.Parallel()
	all := alerts(t)
	tried := map[string]bool{}
	for _, tt := range []struct {
		alert  string
		reason string
		series []string
		// from and to are the first and the last minute at which it fires.
		from, to int
	}{
		{"DialogsDown", "one of two is away for 5 minutes", []string{
			`up{job="dialogs", instance="a"} 1x60`, `up{job="dialogs", instance="b"} 1x9 0x4 1x40`,
		}, 12, 14},
		{"DialogsStoreUnavailable", "the store is away for 10 minutes, with a call each second", []string{
			`db_client_operation_duration_seconds_count{db_operation_name="Update", error_type="unavailable", instance="a"} 0x9 60+60x9 600x40`,
		}, 12, 22},
		{"DialogsInternalErrors", "the first error of a field", []string{
			`dialogs_operations_total{code="OK", field="dialogs", instance="a"} 0+60x60`,
			`dialogs_operations_total{code="INTERNAL", field="dialogs", instance="a"} _x9 1x50`,
		}, 9, 23},
		{"DialogsInternalErrors", "one after the other", []string{
			`dialogs_operations_total{code="INTERNAL", field="dialogs", instance="a"} _x9 1x10 2x10 3x60`,
		}, 9, 44},
		{"DialogsInternalErrors", "the first one of the QuickBlox API", []string{
			`http_server_request_duration_seconds_count{http_request_method="GET", http_response_status_code="500", http_route="/chat/", instance="a"} _x9 1x50`,
		}, 9, 23},
		{"DialogsSlow", "2 in 100 take 5 seconds", []string{
			`http_server_request_duration_seconds_bucket{http_route="/graphql", le="2.5", instance="a"} 0+980x60`,
			`http_server_request_duration_seconds_bucket{http_route="/graphql", le="5", instance="a"} 0+1000x60`,
			`http_server_request_duration_seconds_bucket{http_route="/graphql", le="+Inf", instance="a"} 0+1000x60`,
		}, 11, 60},
		{"DialogsListsWait", "always some", []string{`dialogs_lanes_waiting{instance="a"} 0x9 1+1x30 0x40`}, 29, 40},
		{"DialogsLiveUpdatesLate", "the store does not answer", []string{`dialogs_feed_lag_seconds{instance="a"} 0x9 60+60x5 0x40`}, 12, 15},
		{"DialogsSlowSubscribers", "2 each second", []string{
			`dialogs_subscription_ends_total{reason="RESYNC_REQUIRED", transport="sse", instance="a"} 0+60x60`,
			`dialogs_subscription_ends_total{reason="RESYNC_REQUIRED", transport="websocket", instance="a"} 0+60x60`,
		}, 23, 60}, // when half of the 15 minutes are over, and then 15 more
		{"DialogsWebhooksLate", "a receiver is away for an hour", []string{`dialogs_webhook_lag_seconds{instance="a"} 0+60x60 0x20`}, 21, 60},
		{"DialogsRefusals", "2 each second", []string{`dialogs_refusals_total{setting="rate-limit", instance="a"} 0+120x60`}, 38, 60},
		{"DialogsOpenFiles", "9 in 10", []string{
			`process_open_fds{job="dialogs", instance="a"} 100x9 900x20 100x40`, `process_max_fds{job="dialogs", instance="a"} 1000x80`,
		}, 20, 30},
	} {
		t.Run(tt.alert+"/"+tt.reason, func(t *testing.T) {
			rule, ok := all[tt.alert]
			if !ok {
				t.Fatal("there is no such alert")
			}
			var want []int
			for minute := tt.from; minute <= tt.to; minute++ {
				want = append(want, minute)
			}
			db := filled(t, tt.series)
			if got := firing(t, db, rule, min(tt.to+3, len(longest(t, tt.series)))); !slices.Equal(got, want) {
				t.Errorf("it fires at %v, want %d to %d", got, tt.from, tt.to)
			}
			for name, other := range all {
				if name == tt.alert {
					continue
				}
				if at := firing(t, db, other, tt.to); len(at) > 0 {
					t.Errorf("%s fires too, at %v", name, at)
				}
			}
		})
		tried[tt.alert] = true
	}
	well := filled(t, healthy)
	for name, rule := range all {
		if !tried[name] {
			t.Errorf("no figures let %s fire", name)
		}
		if at := firing(t, well, rule, 61); len(at) > 0 {
			t.Errorf("%s fires for healthy servers, at %v", name, at)
		}
	}
}

// longest are the values of the series that has most of them.
func longest(t *testing.T, series []string) (most []parser.SequenceValue) {
	t.Helper()
	for _, text := range series {
		_, values, err := language.ParseSeriesDesc(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(values) > len(most) {
			most = values
		}
	}
	return most
}

// TestDashboard evaluates every query of the dashboard. Each has a result: a metric or label
// that is misspelled has none.
func TestDashboard(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Fatal("there are no panels")
	}
	db := filled(t, healthy)
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("%s has no query", panel.Title)
		}
		for _, target := range panel.Targets {
			result := evaluate(t, db, strings.ReplaceAll(target.Expr, "$__rate_interval", "4m"), 30)
			if !slices.ContainsFunc(result, func(s promql.Sample) bool { return !math.IsNaN(s.F) }) {
				t.Errorf("%s: %s has no result for the figures of the healthy servers: %v", panel.Title, target.Expr, result)
			}
		}
	}
}
