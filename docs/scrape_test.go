package docs_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A sample is one of a metric.
type sample struct {
	labels map[string]string
	value  float64
}

// A scrape is what /metrics said at a time, in seconds.
type scrape struct {
	at      float64
	samples map[string][]sample
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// readScrapes reads scrapes, each after a line with its time in milliseconds.
func readScrapes(r io.Reader) (all []scrape) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "# AT "); ok {
			ms, _ := strconv.ParseFloat(at, 64)
			all = append(all, scrape{ms / 1000, map[string][]sample{}})
			continue
		}
		m := sampleLine.FindStringSubmatch(lines.Text())
		if m == nil || len(all) == 0 {
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			continue
		}
		labels := map[string]string{}
		for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
			labels[pair[1]] = pair[2]
		}
		to := all[len(all)-1].samples
		to[m[1]] = append(to[m[1]], sample{labels, value})
	}
	return all
}

// An evaluation evaluates the few forms of PromQL that the dashboard has, at one scrape.
type evaluation struct {
	t       *testing.T
	scrapes []scrape
	at      int
	step    float64 // what rates are taken over, in seconds
}

var (
	quantileOf = regexp.MustCompile(`^histogram_quantile\(([\d.]+), (.*)\)$`)
	summed     = regexp.MustCompile(`^(sum|max)(?: by \(([a-z_, ]*)\) )?\((.*)\)$`)
	rated      = regexp.MustCompile(`^rate\((.*)\[\$__rate_interval\]\)$`)
	selector   = regexp.MustCompile(`^([a-z_]+)(?:\{([a-z_]+)!="(.*)"\})?$`)
)

func (e evaluation) eval(expr string) []sample {
	if over, under, ok := strings.Cut(expr, " / "); ok {
		a, b := e.eval(over), e.eval(under)
		if len(a) == 0 || len(b) == 0 || b[0].value == 0 {
			return nil
		}
		return []sample{{nil, a[0].value / b[0].value}}
	}
	if m := quantileOf.FindStringSubmatch(expr); m != nil {
		q, _ := strconv.ParseFloat(m[1], 64)
		return quantiles(q, e.eval(m[2]))
	}
	if m := summed.FindStringSubmatch(expr); m != nil {
		return grouped(m[1], strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' }), e.eval(m[3]))
	}
	if m := rated.FindStringSubmatch(expr); m != nil {
		return e.rate(m[1])
	}
	return e.selected(expr, e.at)
}

func (e evaluation) selected(expr string, at int) (found []sample) {
	m := selector.FindStringSubmatch(expr)
	if m == nil {
		e.t.Fatalf("the dashboard has an expression that cannot be drawn: %s", expr)
	}
	for _, s := range e.scrapes[at].samples[m[1]] {
		if m[2] == "" || s.labels[m[2]] != m[3] {
			found = append(found, s)
		}
	}
	return found
}

// rate is how much counters have grown per second. One that is lower than before began
// again at zero.
func (e evaluation) rate(expr string) (rates []sample) {
	from := e.at
	for from > 0 && e.scrapes[e.at].at-e.scrapes[from].at < e.step {
		from--
	}
	if from == e.at {
		return nil
	}
	took := e.scrapes[e.at].at - e.scrapes[from].at
	before := map[string]float64{}
	for _, s := range e.selected(expr, from) {
		before[key(s.labels)] = s.value
	}
	for _, s := range e.selected(expr, e.at) {
		grown := s.value
		if b := before[key(s.labels)]; b <= s.value {
			grown -= b
		}
		rates = append(rates, sample{s.labels, grown / took})
	}
	return rates
}

func key(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%s,", name, labels[name])
	}
	return b.String()
}

func grouped(how string, by []string, all []sample) (groups []sample) {
	index := map[string]int{}
	for _, s := range all {
		labels := map[string]string{}
		for _, name := range by {
			labels[name] = s.labels[name]
		}
		i, ok := index[key(labels)]
		switch {
		case !ok:
			index[key(labels)] = len(groups)
			groups = append(groups, sample{labels, s.value})
		case how == "max":
			groups[i].value = max(groups[i].value, s.value)
		default:
			groups[i].value += s.value
		}
	}
	return groups
}

// quantiles are those of histograms, between the bounds of a bucket as Prometheus does it.
func quantiles(q float64, buckets []sample) (found []sample) {
	histograms := map[string][]sample{}
	for _, s := range buckets {
		rest := maps.Clone(s.labels)
		delete(rest, "le")
		histograms[key(rest)] = append(histograms[key(rest)], s)
	}
	for _, name := range slices.Sorted(maps.Keys(histograms)) {
		h := histograms[name]
		bound := func(s sample) float64 { le, _ := strconv.ParseFloat(s.labels["le"], 64); return le }
		slices.SortFunc(h, func(a, b sample) int { return int(math.Copysign(1, bound(a)-bound(b))) })
		wanted, low, below := q*h[len(h)-1].value, 0.0, 0.0
		if wanted == 0 {
			continue
		}
		for _, s := range h {
			if s.value >= wanted {
				if high := bound(s); !math.IsInf(high, 0) {
					low += (high - low) * (wanted - below) / (s.value - below)
				}
				break
			}
			low, below = bound(s), s.value
		}
		rest := maps.Clone(h[0].labels)
		delete(rest, "le")
		found = append(found, sample{rest, low})
	}
	return found
}
