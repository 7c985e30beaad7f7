package docs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var metric = regexp.MustCompile(`\b(dialogs|http_server|db_client)_[a-z_]+[a-z]\b`)

// firstSeen finds the counters of which a rule wants to know each event.
var firstSeen = regexp.MustCompile(`increase\((\w+\{[^}]*\})\[\w+\]\)+ > 0`)

// TestMonitoring looks for the metrics of the dashboard and the alert rules in the table of
// operations.md, and for what each rule must say.
func TestMonitoring(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(read("alerts.yaml")), &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			used = append(used, metric.FindAllString(rule.Expr, -1)...)
			if rule.Annotations["summary"] == "" || rule.Annotations["why"] == "" || rule.Annotations["do"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s does not say what happens, why it matters and what to do", rule.Alert)
			}
			for _, m := range firstSeen.FindAllStringSubmatch(rule.Expr, -1) {
				if counter := m[1]; !strings.Contains(rule.Expr, counter+" unless "+counter+" offset") {
					t.Errorf("%s does not fire for the first %s, whose series begins with 1: increase is 0 then", rule.Alert, counter)
				}
			}
		}
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(read("grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			used = append(used, metric.FindAllString(target.Expr, -1)...)
		}
	}
	explained := read("operations.md")
	for _, name := range used {
		base := name
		if !strings.HasSuffix(name, "_total") {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				base = strings.TrimSuffix(base, suffix)
			}
		}
		if !strings.Contains(explained, "`"+base+"`") {
			t.Errorf("operations.md does not explain %s", base)
		}
	}
	if len(used) < 20 {
		t.Errorf("only %d metrics are used", len(used))
	}
}
