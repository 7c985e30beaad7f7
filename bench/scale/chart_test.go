package scale_test

import (
	"fmt"
	"html"
	"strings"
)

// A cell of the table is a text, and the time that it shows, if it does.
type cell struct {
	text string
	took float64 // microseconds
}

// chart draws the rows of the table that have times as bars, in SVG: one bar for each number
// of dialogs, and a scale for each row, so that one sees whether it grows.
func chart(sizes []cell, rows [][]cell) string {
	const column, label, bar, title, gap = 380, 75, 14, 20, 12
	high := title + len(sizes)*bar + gap
	var b strings.Builder
	for i, row := range rows {
		x, y := i%2*column, i/2*high
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", x, y+14, html.EscapeString(row[0].text))
		most := 1.0
		for _, c := range row[1:] {
			most = max(most, c.took)
		}
		for j, c := range row[1:] {
			y, length := y+title+j*bar, c.took/most*(column-label-90)
			fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="#1f6feb"/><text x="%.1f" y="%d">%s</text>`+"\n",
				x, y+11, sizes[j].text, x+label, y+1, length, bar-3, float64(x+label)+length+6, y+11, html.EscapeString(c.text))
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="CPU time per operation in stores of different sizes">
<style>text { fill: #24292f } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>
%s</svg>
`, 2*column, (len(rows)+1)/2*high, b.String())
}
