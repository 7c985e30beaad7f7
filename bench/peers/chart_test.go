package peers_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
)

// colors are those of the bars, ours first.
var colors = []string{"#1f6feb", "#8b949e", "#a5adb8", "#6e7681", "#7d8590", "#d0d7de"}

// chart draws the CPU time of each server as bars, in SVG: each operation has its own
// scale, because a list takes many times what a look-up takes.
func (all *results) chart() string {
	const width, label, bar, gap, title = 760, 170, 18, 26, 24
	height := 10
	var b strings.Builder
	for _, r := range all.operations {
		fmt.Fprintf(&b, `<text x="0" y="%d" font-weight="bold">%s</text>`+"\n", height+14, html.EscapeString(r.title))
		height += title
		most := 0.0
		cpu := make([]float64, len(r.servers))
		for i, s := range r.servers {
			cpu[i] = median(r.figures[s.name], func(f figure) float64 { return float64(f.cpu.Microseconds()) })
			most = max(most, cpu[i])
		}
		for i, s := range r.servers {
			length := cpu[i] / max(most, 1) * (width - label - 80)
			fmt.Fprintf(&b, `<text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/><text x="%.1f" y="%d">%.0f µs</text>`+"\n",
				height+13, html.EscapeString(s.name), label, height, length, bar-4, colors[i%len(colors)], label+length+6, height+12, cpu[i])
			height += bar
		}
		height += gap - bar/2
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="CPU time per request of each server">
<style>text { fill: #24292f } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>
%s</svg>
`, width, height, b.String())
}

// photograph writes the chart to a PNG file.
func photograph(t *testing.T, drawing, path string) {
	t.Helper()
	chromium, ok := clienttest.Chromium()
	if !ok {
		clienttest.NotRun(t, "the chart as PNG", "Chromium")
		return
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body style="margin: 16px; background: #fff">`+drawing)
	}))
	defer site.Close()
	b := clienttest.OpenBrowser(t, chromium, site.URL)
	var width, height int64
	if _, err := fmt.Sscanf(drawing[strings.Index(drawing, "viewBox"):], `viewBox="0 0 %d %d"`, &width, &height); err != nil {
		t.Fatal(err)
	}
	b.Resize(width+32, height+32)
	b.Go("/")
	b.Photograph(path)
}
