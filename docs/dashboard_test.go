package docs_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var figures = flag.String("figures", "", "draw dashboard.svg from this file of metrics, which make soak writes")

// A panel is one of the dashboard.
type panel struct {
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr, LegendFormat string }

	FieldConfig struct{ Defaults struct{ Unit string } }
}

func panels(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

// TestDashboardPicture draws the picture of the dashboard from the figures of a soak (make
// dashboard). In other runs it only tries whether it can draw every panel.
func TestDashboardPicture(t *testing.T) {
	scrapes, step := readScrapes(strings.NewReader(fewFigures)), 10.0
	if *figures != "" {
		file, err := os.Open(*figures)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		scrapes, step = readScrapes(bufio.NewReader(file)), 30.0
	}
	drawing := draw(t, panels(t), scrapes, step)
	if *figures == "" {
		if lines := strings.Count(drawing, "<polyline"); lines < 3 {
			t.Errorf("%d lines were drawn", lines)
		}
		return
	}
	if err := os.WriteFile("dashboard.svg", []byte(drawing), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fewFigures are three scrapes of a server that answers 10, and then 20 requests a second.
const fewFigures = `# AT 0
http_server_request_duration_seconds_count{http_response_status_code="200"} 0
http_server_request_duration_seconds_bucket{le="0.1"} 0
http_server_request_duration_seconds_bucket{le="+Inf"} 0
go_goroutines 10
# AT 10000
http_server_request_duration_seconds_count{http_response_status_code="200"} 100
http_server_request_duration_seconds_bucket{le="0.1"} 50
http_server_request_duration_seconds_bucket{le="+Inf"} 100
go_goroutines 12
# AT 20000
http_server_request_duration_seconds_count{http_response_status_code="200"} 300
http_server_request_duration_seconds_bucket{le="0.1"} 250
http_server_request_duration_seconds_bucket{le="+Inf"} 300
go_goroutines 12
`

// TestDashboardFigures evaluates what the panels ask for.
func TestDashboardFigures(t *testing.T) {
	scrapes := readScrapes(strings.NewReader(fewFigures))
	for expr, want := range map[string]float64{
		`sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count[$__rate_interval]))`:    20,
		`histogram_quantile(0.5, sum by (le) (rate(http_server_request_duration_seconds_bucket[$__rate_interval])))`: 0.05,
		`sum(rate(http_server_request_duration_seconds_count{http_response_status_code!="200"}[$__rate_interval]))`:  math.NaN(),
		`sum(rate(http_server_request_duration_seconds_count[$__rate_interval])) / max(go_goroutines)`:               20.0 / 12,
		`go_goroutines`: 12,
	} {
		e := evaluation{t: t, scrapes: scrapes, at: 2, step: 10}
		got := math.NaN()
		for _, v := range e.eval(expr) {
			got = v.value
		}
		if math.Abs(got-want) > 1e-9 || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("%s is %v, want %v", expr, got, want)
		}
	}
}

const (
	unit              = 54 // pixels of a column of the grid
	rowHeight         = 28
	chartTop, legends = 26, 44 // pixels of a panel above and below its chart
	linesMost         = 6
)

var colors = []string{"#1f6feb", "#d29922", "#2da44e", "#cf222e", "#8250df", "#57606a"}

// draw draws all panels as SVG, where they are in Grafana.
func draw(t *testing.T, all []panel, scrapes []scrape, step float64) string {
	var b strings.Builder
	width, height := 0, 0
	for _, p := range all {
		x, y, w, h := p.GridPos.X*unit, p.GridPos.Y*rowHeight, p.GridPos.W*unit, p.GridPos.H*rowHeight
		width, height = max(width, x+w), max(height, y+h)
		fmt.Fprintf(&b, `<g transform="translate(%d %d)"><rect x="4" y="4" width="%d" height="%d" rx="3" fill="#fff" stroke="#d0d7de"/><text x="12" y="20" font-weight="bold">%s</text>`+"\n",
			x, y, w-8, h-8, html.EscapeString(p.Title))
		chart{48, chartTop + 6, w - 66, h - chartTop - legends - 12}.draw(&b, p.FieldConfig.Defaults.Unit, lines(t, p, scrapes, step), scrapes)
		b.WriteString("</g>\n")
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="The dashboard with the figures of a soak">
<rect width="100%%" height="100%%" fill="#f6f8fa"/>
%s</svg>
`, width, height, b.String())
}

// A line is a series of a panel: a value for each scrape, or NaN.
type line struct {
	name   string
	values []float64
}

// lines are those of a panel, the highest first.
func lines(t *testing.T, p panel, scrapes []scrape, step float64) []line {
	var all []line
	index := map[string]int{}
	for _, target := range p.Targets {
		for at := range scrapes {
			e := evaluation{t: t, scrapes: scrapes, at: at, step: step}
			for _, v := range e.eval(target.Expr) {
				name := target.LegendFormat
				for label, value := range v.labels {
					name = strings.ReplaceAll(name, "{{"+label+"}}", value)
				}
				name = strings.NewReplacer("{{instance}}", "server").Replace(name)
				i, ok := index[name]
				if !ok {
					i = len(all)
					index[name] = i
					all = append(all, line{name, slices.Repeat([]float64{math.NaN()}, len(scrapes))})
				}
				all[i].values[at] = v.value
			}
		}
	}
	most := func(l line) (m float64) {
		for _, v := range l.values {
			if !math.IsNaN(v) {
				m += v
			}
		}
		return m
	}
	if len(p.Targets) == 1 {
		slices.SortStableFunc(all, func(a, b line) int { return int(math.Copysign(1, most(b)-most(a))) })
	}
	return all
}

// A chart is where the lines of a panel are drawn.
type chart struct{ x, y, w, h int }

func (c chart) draw(b *strings.Builder, unit string, all []line, scrapes []scrape) {
	shown := all[:min(len(all), linesMost)]
	top := 0.0
	for _, l := range shown {
		for _, v := range l.values {
			if v > top { // which NaN is not
				top = v
			}
		}
	}
	if top == 0 {
		top = 1
	}
	first, last := scrapes[0].at, scrapes[len(scrapes)-1].at
	for i := range 3 {
		y := c.y + c.h*i/2
		fmt.Fprintf(b, `<path d="M%d %dh%d" stroke="#eaeef2"/><text x="%d" y="%d" text-anchor="end" fill="#57606a">%s</text>`, c.x, y, c.w, c.x-4, y+4, figure(top*float64(2-i)/2, unit))
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#57606a">%.0f min</text>`+"\n", c.x+c.w, c.y+c.h+14, (last-first)/60)
	for i, l := range shown {
		var points []string
		flush := func() {
			if len(points) > 1 {
				fmt.Fprintf(b, `<polyline fill="none" stroke="%s" points="%s"/>`+"\n", colors[i], strings.Join(points, " "))
			}
			points = nil
		}
		for at, v := range l.values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				flush()
				continue
			}
			points = append(points, fmt.Sprintf("%.0f,%.0f", float64(c.x)+(scrapes[at].at-first)/(last-first)*float64(c.w), float64(c.y+c.h)-v/top*float64(c.h)))
		}
		flush()
		name := l.name
		if len(name) > 17 {
			name = name[:16] + "…"
		}
		x, y := c.x-34+i%3*(c.w+34)/3, c.y+c.h+30+i/3*14
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="8" height="3" fill="%s"/><text x="%d" y="%d">%s</text>`, x, y-5, colors[i], x+12, y, html.EscapeString(name))
	}
	if more := len(all) - len(shown); more > 0 {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="#57606a">and %d more</text>`, c.x, c.y+c.h+14, more)
	}
}

// figure is a value as the axis shows it.
func figure(v float64, unit string) string {
	switch {
	case v >= 100 && unit == "s":
		return fmt.Sprintf("%.0f s", v)
	case v >= 100 && unit != "bytes":
		return fmt.Sprintf("%.0f", v)
	case unit == "bytes":
		return fmt.Sprintf("%.0f MB", v/1e6)
	case unit == "s" && v > 0 && v < 1:
		return fmt.Sprintf("%.3g ms", v*1000)
	case unit == "s":
		return fmt.Sprintf("%.3g s", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
