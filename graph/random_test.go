package graph_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
)

var (
	randomFor  = flag.Duration("random-for", time.Second, "how long to send random operations")
	randomSeed = flag.Uint64("random-seed", 0, "seed of the random operations; 0 for one of the clock")
)

// innerText matches internal details that must not be in an answer.
var innerText = regexp.MustCompile(`(?i)goroutine |runtime error|panic|\.go:\d|sql|mongo|bson|nil pointer|interface conversion|/home/|/root/`)

// refusable matches the errors that a well-formed document may cause.
var refusable = regexp.MustCompile(`\(limit \d+|^too many fields|expected DateTime`)

// TestRandomOperations sends random valid operations of the whole schema from several
// callers at the same time. It fails on any internal error, panic or internal detail in an
// answer. To run it longer, use -random-for 10m, also with -race.
func TestRandomOperations(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-random-seed %d", seed)
	d := open(t, nil)
	schema := loadSchema(t)
	ids := &known{}
	deadline := time.Now().Add(*randomFor)
	var all sync.WaitGroup
	for worker := range uint64(4) {
		all.Go(func() {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, worker)), schema: schema, ids: ids}
			// On a slow machine, the test runs until there is a dialog to work with.
			for n := 0; (time.Now().Before(deadline) || n < 200) && !t.Failed(); n++ {
				d.sendRandom(g)
			}
		})
	}
	all.Wait()
	t.Logf("%d dialogs were seen", len(ids.list))
	if len(ids.list) == 0 {
		t.Error("no operation made a dialog: the operations are not worth much")
	}
	if log := d.log.String(); log != "" {
		t.Errorf("the server logged %s", log)
	}
}

func (d *fixture) sendRandom(g *generator) {
	query := g.operation()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		d.Error(err)
		return
	}
	a := d.post(g.caller(), string(body))
	for _, e := range a.Errors {
		code, _ := e.Extensions["code"].(string)
		if code == "" || code == "INTERNAL" || strings.HasPrefix(code, "GRAPHQL_PARSE") || innerText.MatchString(e.Message) {
			d.Errorf("%s\ngot %s", query, a.Body)
		}
		// Random operations are valid, except that they may be too large or have invalid
		// times.
		if code == "GRAPHQL_VALIDATION_FAILED" && !refusable.MatchString(e.Message) {
			d.Errorf("%s\nis not valid: %s", query, a.Body)
		}
	}
	g.ids.learn(a.Body)
}

// known has the ids of dialogs that were in answers.
type known struct {
	mu   sync.Mutex
	list []string
}

var dialogID = regexp.MustCompile(`"id":"([0-9a-f]{24})"`)

func (k *known) learn(body string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range dialogID.FindAllStringSubmatch(body, 10) {
		if len(k.list) < 1000 {
			k.list = append(k.list, m[1])
		}
	}
}

func (k *known) pick(r *rand.Rand) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.list) == 0 || r.IntN(20) == 0 {
		return "65ba1b4a0000000000000fff"
	}
	return k.list[r.IntN(len(k.list))]
}

// A generator makes operations that are valid by the schema. Their values may be refused.
type generator struct {
	*rand.Rand
	schema *ast.Schema
	ids    *known
}

func (g *generator) caller() dialog.Caller {
	users := []dialog.UserID{"alice", "bob", "carol"}
	switch g.IntN(8) {
	case 0:
		return dialog.Caller{}
	case 1, 2:
		return server()
	case 3:
		return dialog.Caller{User: users[g.IntN(len(users))], APIKey: "backend"}
	}
	return user(users[g.IntN(len(users))])
}

func (g *generator) operation() string {
	root, word := g.schema.Query, "query"
	if g.IntN(2) == 0 {
		root, word = g.schema.Mutation, "mutation"
	}
	var b strings.Builder
	b.WriteString(word + " {")
	for i := range 1 + g.IntN(3) {
		field := root.Fields[g.IntN(len(root.Fields))]
		if !strings.HasPrefix(field.Name, "__") {
			fmt.Fprintf(&b, " a%d: ", i)
			g.field(&b, field, 4)
		}
	}
	b.WriteString(" __typename }")
	return b.String()
}

func (g *generator) field(b *strings.Builder, f *ast.FieldDefinition, depth int) {
	b.WriteString(f.Name)
	var arguments []string
	for _, a := range f.Arguments {
		if required := a.Type.NonNull && a.DefaultValue == nil; required || g.IntN(3) == 0 {
			arguments = append(arguments, a.Name+": "+g.value(a.Name, a.Type, 4))
		}
	}
	if len(arguments) > 0 {
		b.WriteString("(" + strings.Join(arguments, ", ") + ")")
	}
	g.selection(b, g.schema.Types[f.Type.Name()], depth)
}

// selection selects some fields of a type that has fields. It always selects ids, so that
// later operations can use them.
func (g *generator) selection(b *strings.Builder, def *ast.Definition, depth int) {
	if !def.IsCompositeType() {
		return
	}
	b.WriteString(" { __typename")
	for _, f := range def.Fields {
		leaf := g.schema.Types[f.Type.Name()].IsLeafType()
		if f.Name == "id" || g.IntN(2) == 0 && (leaf || depth > 0) || f.Name == "dialog" {
			b.WriteString(" ")
			g.field(b, f, depth-1)
		}
	}
	if def.Kind == ast.Interface {
		b.WriteString(" ... on Dialog { version name }")
	}
	b.WriteString(" }")
}

func (g *generator) value(name string, t *ast.Type, depth int) string {
	if !t.NonNull && g.IntN(8) == 0 {
		return "null"
	}
	if t.Elem != nil {
		elements := make([]string, g.IntN(4))
		for i := range elements {
			elements[i] = g.value(name, t.Elem, depth-1)
		}
		return "[" + strings.Join(elements, ", ") + "]"
	}
	def := g.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[g.IntN(len(def.EnumValues))].Name
	case ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil || g.IntN(3) == 0 || f.Name == "name" {
				fields = append(fields, f.Name+": "+g.value(f.Name, f.Type, depth-1))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return g.scalar(name, def.Name)
}

func (g *generator) scalar(name, scalar string) string {
	pick := func(of ...string) string { return of[g.IntN(len(of))] }
	switch scalar {
	case "ID":
		if name == "id" || name == "ids" {
			return fmt.Sprintf("%q", g.ids.pick(g.Rand))
		}
		return pick(`"alice"`, `"bob"`, `"carol"`, `"dave"`, `7`, `"Zoë"`, `""`, `12345678901234567890`)
	case "Int":
		return pick("1", "2", "3", "20", "100", "0", "-1", "2147483647")
	case "Boolean":
		return pick("true", "false")
	case "DateTime":
		return pick(`"2026-01-31T09:30:00Z"`, `"2020-02-29T00:00:00.123456+01:00"`, `"never"`)
	case "JSONObject":
		return pick(`{level: 7}`, `{note: "x", weight: 2.5}`, `{note: null}`, `{}`, `{place: [1, 2.5]}`, `{tags: ["a", "b"], open: true}`, `{nope: 1}`, `{due: "2026-01-31T09:30:00Z"}`)
	}
	switch name {
	case "className":
		return pick(`"Card"`, `"Card"`, `"Nope"`)
	case "after", "before":
		return pick(`"nonsense"`, `"eyJ2IjoxfQ"`)
	}
	return pick(`"Lunch"`, `"Dinner"`, `""`, `"\uD83D\uDE00 and more"`, `"""block "text" """`, `"Card"`, `"x"`)
}
