package e2e_test

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/servertest"
)

var (
	costReport = flag.String("cost", "", "write the table of what requests cost to this file")
	costBounds = flag.Bool("cost-bounds", false, "write the sizes of answers and the numbers of store calls to testdata/cost.tsv")
)

// A costly is a request that may cost much, and what it cost.
type costly struct {
	what         string
	method, path string
	body         []byte

	status  int
	sent    int // bytes of the request
	bytes   int // of the answer
	calls   int // of the store, when nobody else sends requests
	cpu     time.Duration
	memory  int64
	waiting time.Duration // of another caller beside it
}

// costRepeats is how often each request is sent, by costSenders at once.
const (
	costRepeats = 8
	costSenders = 4
)

// What a request may cost at most, on the slowest machine: many times what it
// costs on an ordinary one.
const (
	mostCPU     = 4 * time.Second
	mostMemory  = 100 * megabyte
	mostWaiting = 3 * time.Second
)

// TestCost looks for requests that cost much: for each field of the schema, and
// each list of the QuickBlox API, as much of it as the limits allow. The sizes of
// answers, and how often they call the store, may be half as much again as they
// were. It is long; make bench-cost runs all of it and writes docs/cost.md and the
// bounds, other runs a sample.
func TestCost(t *testing.T) {
	servertest.NeedUsage(t)
	p := servertest.Spawn(t, "--rate-limit", "0", "--quota-occupants-per-hour", "0", "--admin-listen", "127.0.0.1:0")
	mallory, alice := servertest.WithToken(p.Token("mallory")), servertest.WithToken(p.Token("alice"))
	var id string
	for range 30 {
		id = makeLargeGroup(t, p.Server, mallory)
	}
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(t, p.Must(alice, makeGroup, map[string]any{"ids": []string{"bob"}}).Data["createDialog"], &made)
	innocent := fmt.Appendf(nil, `{"query": "{ dialog(id: \"%s\") { name occupantIds } }"}`, made.Dialog.ID)

	all := candidates(t, id)
	if *costBounds {
		for i := range all {
			all[i].count(t, p, mallory)
		}
		writeBounds(t, all)
	}
	bounds := readBounds(t)
	if *costReport == "" {
		sample := all[:0:0]
		for i := 0; i < len(all); i += 9 {
			sample = append(sample, all[i])
		}
		all = sample
	}
	for i := range all {
		c := &all[i]
		if !*costBounds {
			c.count(t, p, mallory)
			c.compare(t, bounds)
		}
		c.measure(t, p, mallory, alice, innocent)
		if c.status >= http.StatusInternalServerError && c.status != http.StatusServiceUnavailable ||
			c.cpu > mostCPU || c.memory > mostMemory || c.waiting > mostWaiting {
			t.Errorf("%s: status %d, %d bytes, %v of CPU, %d MB, another caller waited %v", c.what, c.status, c.bytes, c.cpu, c.memory/megabyte, c.waiting)
		}
	}
	t.Logf("%d requests measured", len(all))
	if *costReport != "" {
		if err := os.WriteFile(*costReport, []byte(report(all)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// measure sends the request several times at once, beside another caller.
func (c *costly) measure(t *testing.T, p *servertest.Process, h, innocentHeader servertest.Header, innocent []byte) {
	t.Helper()
	h = append(h[:len(h):len(h)], "Content-Type", "application/json")
	p.ResetPeak()
	before := p.Usage()
	var senders sync.WaitGroup
	var mu sync.Mutex
	for range costSenders {
		senders.Go(func() {
			for range costRepeats / costSenders {
				answer, err := p.TryDo(c.method, c.path, h, c.body)
				mu.Lock()
				if err != nil {
					t.Errorf("%s: %v", c.what, err)
				}
				c.status, c.bytes = answer.Status, max(c.bytes, len(answer.Body))
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() { senders.Wait(); close(done) }()
	for ended := false; !ended; {
		began := time.Now()
		reply, err := p.Try(innocentHeader, innocent)
		if err != nil || reply.Status != http.StatusOK || len(reply.Errors) > 0 {
			t.Errorf("another caller beside %s: %v, status %d and %.300s", c.what, err, reply.Status, reply.Body)
		}
		c.waiting = max(c.waiting, time.Since(began))
		select {
		case <-done:
			ended = true
		default:
		}
	}
	after := p.Usage()
	c.sent = len(c.path) + len(c.body)
	c.cpu, c.memory = (after.CPU-before.CPU)/costRepeats, max(after.PeakMemory-before.Memory, 0)
}

// candidates are requests for as much as the limits allow.
func candidates(t *testing.T, id string) []costly {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "schema.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(content)})
	if err != nil {
		t.Fatal(err)
	}
	g := generator{schema: schema, id: id}
	var all []costly
	add := func(what, query string) {
		body := fmt.Appendf(nil, `{"query": "%s"}`, strings.ReplaceAll(query, `"`, `\"`))
		all = append(all, costly{what: what, method: http.MethodPost, path: "/graphql", body: body})
	}
	for _, root := range schema.Query.Fields {
		if strings.HasPrefix(root.Name, "__") {
			continue
		}
		call := root.Name + g.arguments(root)
		add("everything of "+root.Name, "{ "+call+g.everything(root.Type, 4)+" }")
		for _, path := range g.paths(root.Type, 5) {
			add("45 × "+root.Name+"."+strings.Join(path.names, "."), "{ "+call+path.selection(45)+" }")
		}
		var many strings.Builder
		for i := range 45 {
			fmt.Fprintf(&many, "a%d: %s%s ", i, call, g.smallest(root.Type))
		}
		add("45 × "+root.Name, "{ "+many.String()+"}")
	}
	for _, query := range []string{
		"limit=100", "limit=100&skip=100000", "limit=100&sort_asc=name", "count=1", "limit=100&name[ctn]=x", "limit=1&type[in]=1,2,3",
	} {
		all = append(all, costly{what: "QuickBlox list " + query, method: http.MethodGet, path: "/chat/Dialog.json?" + query})
	}
	// What changes dialogs comes last: the answers of the others do not depend on it.
	var created, renamed strings.Builder
	for i := range 45 {
		fmt.Fprintf(&created, `a%d: createDialog(input: {type: GROUP, name: "x", occupantIds: ["1", "2"]}) { created } `, i)
		fmt.Fprintf(&renamed, `a%d: updateDialog(id: "%s", input: {photo: "%d"}) { dialog { occupantIds } } `, i, id, i)
	}
	add("45 × createDialog", "mutation { "+created.String()+"}")
	add("45 × updateDialog with occupants", "mutation { "+renamed.String()+"}")
	return all
}

// A generator writes selections of a schema.
type generator struct {
	schema *ast.Schema
	id     string
}

// arguments are the required arguments of a field, and the longest page.
func (g generator) arguments(f *ast.FieldDefinition) string {
	var given []string
	for _, a := range f.Arguments {
		switch {
		case a.Type.Elem != nil && a.Type.Elem.NamedType == "ID" && a.Type.NonNull:
			given = append(given, a.Name+`: ["`+g.id+`"]`)
		case a.Type.NamedType == "ID" && a.Type.NonNull:
			given = append(given, a.Name+`: "`+g.id+`"`)
		case a.Name == "first":
			given = append(given, "first: 50")
		}
	}
	if given == nil {
		return ""
	}
	return "(" + strings.Join(given, ", ") + ")"
}

func (g generator) fields(t *ast.Type) ast.FieldList {
	def := g.schema.Types[t.Name()]
	if def == nil || !def.IsCompositeType() {
		return nil
	}
	return def.Fields
}

// everything selects all fields, down to a depth.
func (g generator) everything(t *ast.Type, depth int) string {
	fields := g.fields(t)
	if fields == nil {
		return ""
	}
	var text strings.Builder
	for _, f := range fields {
		if g.fields(f.Type) != nil && depth == 0 || f.Name == "edges" {
			continue
		}
		text.WriteString(f.Name + g.arguments(f) + g.everything(f.Type, depth-1) + " ")
	}
	return " { __typename " + text.String() + "}"
}

func (g generator) smallest(t *ast.Type) string {
	if g.fields(t) == nil {
		return ""
	}
	return " { __typename }"
}

// A fieldPath leads to one field without fields of its own.
type fieldPath struct{ names, calls []string }

// paths are all of them below a type, down to a depth.
func (g generator) paths(t *ast.Type, depth int) []fieldPath {
	if depth == 0 {
		return nil
	}
	var all []fieldPath
	for _, f := range g.fields(t) {
		call := f.Name + g.arguments(f)
		if g.fields(f.Type) == nil {
			all = append(all, fieldPath{[]string{f.Name}, []string{call}})
			continue
		}
		for _, below := range g.paths(f.Type, depth-1) {
			all = append(all, fieldPath{slices.Concat([]string{f.Name}, below.names), slices.Concat([]string{call}, below.calls)})
		}
	}
	return all
}

// selection selects the last field of the path many times.
func (p fieldPath) selection(times int) string {
	var text strings.Builder
	last := len(p.calls) - 1
	for _, call := range p.calls[:last] {
		text.WriteString(" { " + call)
	}
	text.WriteString(" {")
	for i := range times {
		fmt.Fprintf(&text, " a%d: %s", i, p.calls[last])
	}
	return text.String() + strings.Repeat(" }", last+1)
}

// report is a page with the worst requests by each measure.
func report(all []costly) string {
	var page strings.Builder
	page.WriteString(`# What requests cost

` + "`make bench-cost`" + ` sends, for every field of the schema and every kind of list of the QuickBlox API, the largest request that the limits allow: ` +
		fmt.Sprintf("%d times, by %d clients at the same time. The user has 30 groups of 1,000 occupants with ids of 128 bytes. ", costRepeats, costSenders) +
		`At the same time, another caller reads a dialog again and again. CPU is per request, memory is the growth of the process, and waiting is the slowest answer to the other caller. Rate limits are off. A request whose answer would be too large is refused, so answers stay below ` + "`--limit-answer`" + `.

`)
	fmt.Fprintf(&page, "%d requests were measured. Limits that a test checks: %v of CPU, %d MB of memory, %v of waiting; and for each request, an answer and calls of the store that are half as much again as they were.\n",
		len(all), mostCPU, int64(mostMemory)/megabyte, mostWaiting)
	for _, measure := range []struct {
		title string
		worst func(costly) float64
	}{
		{"Largest answer per byte of request", func(c costly) float64 { return float64(c.bytes) / float64(c.sent) }},
		{"Most CPU", func(c costly) float64 { return float64(c.cpu) }},
		{"Most memory", func(c costly) float64 { return float64(c.memory) }},
		{"Longest wait of another caller", func(c costly) float64 { return float64(c.waiting) }},
	} {
		slices.SortStableFunc(all, func(a, b costly) int { return cmp.Compare(measure.worst(b), measure.worst(a)) })
		fmt.Fprintf(&page, "\n## %s\n\n| request | sent | answer | store calls | CPU | memory | waiting |\n| --- | --- | --- | --- | --- | --- | --- |\n", measure.title)
		for _, c := range all[:min(8, len(all))] {
			fmt.Fprintf(&page, "| %s | %d B | %d B | %d | %d ms | %d MB | %d ms |\n",
				c.what, c.sent, c.bytes, c.calls, c.cpu.Milliseconds(), c.memory/megabyte, c.waiting.Milliseconds())
		}
	}
	return page.String()
}
