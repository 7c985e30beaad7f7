package language_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
)

// A generator makes random requests: mostly ones that the schema allows, with
// a fault here and there.
type generator struct {
	*rand.Rand
	schema *ast.Schema
	// faults is how many places of a thousand are made wrong.
	faults int

	variables []string // declarations
	values    map[string]string
	fragments []string
}

func newGenerator(schema *ast.Schema, seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0)), schema: schema}
}

func (g *generator) chance(ofThousand int) bool { return g.IntN(1000) < ofThousand }

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

func (g *generator) fault() bool { return g.chance(g.faults) }

// request makes a document and the JSON of its variables.
func (g *generator) request() (query, variables string) {
	g.variables, g.fragments, g.values = nil, nil, map[string]string{}
	g.faults = pick(g, []int{0, 0, 2, 10, 50})
	root, word := g.schema.Query, "query"
	if g.schema.Mutation != nil && g.chance(400) {
		root, word = g.schema.Mutation, "mutation"
	}
	body := g.selection(root, 3)
	if g.chance(50) {
		word += g.directives()
	}
	head := word
	if g.chance(300) {
		head += " Op"
	}
	if len(g.variables) > 0 {
		head += "(" + strings.Join(g.variables, pick(g, []string{", ", " ", "\n", "\r\n"})) + ")"
	}
	if head == "query" && g.chance(300) {
		head = ""
	}
	parts := append([]string{head + " " + body}, g.fragments...)
	if g.fault() {
		parts = append(parts, pick(g, parts))
	}
	query = strings.Join(parts, pick(g, []string{"\n", " ", "\r\n", "\r", " # \x01 it's \"\"\" a comment\n"}))
	if g.chance(100) {
		query = g.mangle(query)
	}
	members := make([]string, 0, len(g.values))
	for _, name := range slices.Sorted(maps.Keys(g.values)) {
		if !g.chance(150) {
			members = append(members, fmt.Sprintf("%q:%s", name, g.values[name]))
		}
	}
	if g.fault() {
		members = append(members, `"unused": 1`)
	}
	return query, "{" + strings.Join(members, ",") + "}"
}

// mangle changes a few characters of a document.
func (g *generator) mangle(text string) string {
	for range 1 + g.IntN(3) {
		at := g.IntN(len(text) + 1)
		switch g.IntN(3) {
		case 0:
			text = text[:at] + pick(g, []string{`"`, `"""`, `\`, "{", "}", "(", ")", "[", "]", "$", "@", ":", "!", "...", "..", ".", "1", "0", "-", "e", "a", "\n", "\r", "\t", "\x01", "\u00a0", "\ufeff", "é", "#", "|", "&", "=", ",", `\u{41}`, "on ", "null ", "fragment "}) + text[at:]
		case 1:
			text = text[:at] + text[min(len(text), at+1+g.IntN(4)):]
		default:
			to := min(len(text), at+g.IntN(20))
			text = text[:to] + text[at:]
		}
	}
	return strings.ToValidUTF8(text, "")
}

func (g *generator) selection(def *ast.Definition, depth int) string {
	var parts []string
	for range 1 + g.IntN(3) {
		switch {
		case depth > 0 && g.chance(120):
			parts = append(parts, "..."+g.condition(def)+g.directives()+g.selection(def, depth-1))
		case depth > 0 && g.chance(80):
			name := fmt.Sprintf("F%d", len(g.fragments))
			if g.fault() {
				name = pick(g, []string{"F0", "F1", "on", "Nope"})
			}
			g.fragments = append(g.fragments, "") // holds the name
			place := len(g.fragments) - 1
			on := def.Name
			if g.fault() {
				on = g.typeName()
			}
			text := "fragment " + name
			if g.fault() {
				text += pick(g, []string{"($x: Int)", "($x: Int = 1)"})
			}
			g.fragments[place] = text + " on " + on + g.directives() + g.selection(def, depth-1)
			parts = append(parts, "..."+name+g.directives())
		default:
			parts = append(parts, g.field(def, depth))
		}
	}
	return "{ " + strings.Join(parts, pick(g, []string{" ", ", ", "\n"})) + " }"
}

func (g *generator) condition(def *ast.Definition) string {
	switch {
	case g.fault():
		return " on " + g.typeName()
	case g.chance(300):
		return " "
	case def.IsAbstractType():
		return " on " + pick(g, g.schema.GetPossibleTypes(def)).Name
	}
	return " on " + def.Name
}

func (g *generator) typeName() string {
	return pick(g, append(slices.Sorted(maps.Keys(g.schema.Types)), "Nope"))
}

func (g *generator) field(def *ast.Definition, depth int) string {
	var fields ast.FieldList
	for _, f := range def.Fields {
		if depth > 0 || !g.schema.Types[f.Type.Name()].IsCompositeType() {
			if !strings.HasPrefix(f.Name, "__") {
				fields = append(fields, f)
			}
		}
	}
	if len(fields) == 0 || g.chance(50) {
		return "__typename" + g.directives()
	}
	f := pick(g, fields)
	text := f.Name
	if g.chance(700) {
		text = fmt.Sprintf("a%d: %s", g.IntN(1000), text)
	}
	if g.fault() {
		text += "x"
	}
	text += g.arguments(f.Arguments) + g.directives()
	composite := g.schema.Types[f.Type.Name()].IsCompositeType()
	if composite != g.fault() {
		text += " " + g.selection(g.schema.Types[f.Type.Name()], depth-1)
	}
	return text
}

func (g *generator) arguments(defs ast.ArgumentDefinitionList) string {
	var parts []string
	for _, a := range defs {
		required := a.Type.NonNull && a.DefaultValue == nil
		if required != g.fault() || g.chance(500) {
			name := a.Name
			if g.fault() {
				name += "x"
			}
			parts = append(parts, name+": "+g.value(a.Type, a.DefaultValue != nil, 3, true))
			if g.fault() {
				parts = append(parts, parts[len(parts)-1])
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (g *generator) directives() string {
	text := ""
	for g.chance(60) {
		name := pick(g, []string{"@skip", "@include"})
		if g.fault() {
			name = pick(g, []string{"@defer", "@nope", "@deprecated", "@specifiedBy", "@oneOf", "@authenticated"})
		}
		def := g.schema.Directives["skip"]
		text += " " + name + "(" + def.Arguments[0].Name + ": " + g.value(def.Arguments[0].Type, false, 1, true) + ")"
	}
	return text + " "
}

// value makes a literal for a place, or a variable with a JSON value.
func (g *generator) value(t *ast.Type, hasDefault bool, depth int, variables bool) string {
	if variables && g.chance(300) {
		return g.variable(t, hasDefault)
	}
	if g.fault() {
		return g.oddLiteral()
	}
	if !t.NonNull && g.chance(60) {
		return "null"
	}
	if t.Elem != nil {
		if g.chance(150) {
			return g.value(t.Elem, false, depth, variables)
		}
		parts := make([]string, g.IntN(3))
		for i := range parts {
			parts[i] = g.value(t.Elem, false, depth-1, variables)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	def := g.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return pick(g, def.EnumValues).Name
	case ast.InputObject:
		return g.object(def, depth, func(f *ast.FieldDefinition) string {
			return f.Name + ": " + g.value(f.Type, f.DefaultValue != nil, depth-1, variables)
		})
	}
	switch def.Name {
	case "Int":
		return pick(g, []string{"0", "-0", "1", "5", "-7", "2147483647", "-2147483648"})
	case "Float":
		return pick(g, []string{"0", "-1", "1.5", "1e3", "-2.5E-3", "12345678901234567890", "0.0"})
	case "String":
		return g.literalString()
	case "Boolean":
		return pick(g, []string{"true", "false"})
	case "ID":
		return pick(g, []string{`"a"`, `""`, "5", "-3", `"7.5"`, g.literalString(), "1234567890123456789012"})
	case "DateTime":
		return pick(g, instants)
	}
	return g.jsonLiteral(depth)
}

var instants = []string{`"2026-01-31T09:30:00Z"`, `"2026-01-31T09:30:00.123+02:00"`, `"1999-12-31T23:59:59-11:30"`}

// object makes an object, with every required field and some of the others.
func (g *generator) object(def *ast.Definition, depth int, member func(*ast.FieldDefinition) string) string {
	var parts []string
	fields := slices.Clone(def.Fields)
	if def.Directives.ForName("oneOf") != nil && !g.fault() {
		fields = ast.FieldList{pick(g, fields)}
	}
	for _, f := range fields {
		required := f.Type.NonNull && f.DefaultValue == nil || len(fields) == 1
		if required != g.fault() || depth > 0 && g.chance(300) {
			parts = append(parts, member(f))
		}
	}
	if g.fault() && len(parts) > 0 {
		parts = append(parts, pick(g, []string{"x", ""})+parts[0])
	}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return "{" + strings.Join(parts, ", ") + "}"
}

func (g *generator) oddLiteral() string {
	return pick(g, []string{
		"null", "5", "5.0", "1e1", "2147483648", "-2147483649", "99999999999999999999", "1e999", `"5"`, `"x"`, "true", "RED", "GROUP", "nope",
		"{}", "[]", "{x: 1}", "[[1]]", "[null]", "[{}]", "$nope", `"""x"""`, "-", "01", "1.", ".5", "1a", "0x1F", "1.5.2", "1e", "1_0", `"\uD83D"`, `"\uDE00\uD83D"`, `"\u{D800}"`, `"\u{110000}"`, `"\x41"`, "'x'", `"""`, `""""""""`, `"""""""`, `"`,
		`{a: 1, a: 2}`, "[$nope]", "{x: $nope}", "fragment", "on", "#",
	})
}

// literalString makes a string: plain, with escapes, or a block.
func (g *generator) literalString() string {
	pieces := []string{"a", "bc", " ", "\t", "é", "😀", `\"`, `\\`, `\n`, `\u0041`, `\u{1F600}`, `\uD83D\uDE00`, `\/`, "#", "'", "\x7f", "\x01", "\u0085", "\u2028", "\ufeff", "{", "$"}
	quotes := `"`
	if g.chance(500) {
		quotes = `"""`
		pieces = append(pieces, "\n", "\n", "\r\n", "\r", "\n  ", "\n    ", "\n\t", "\n \n", `"`, `""`, `\"""`, `\uD83D`, `\x`)
	}
	var b strings.Builder
	for range g.IntN(12) {
		b.WriteString(pick(g, pieces))
	}
	return quotes + b.String() + quotes
}

func (g *generator) jsonLiteral(depth int) string {
	scalar := func() string {
		return pick(g, []string{"1", "-1.5", `"x"`, "true", "null", "[1, 2]", "9007199254740991", `"""a"""`, "1e3"})
	}
	parts := make([]string, g.IntN(3))
	for i := range parts {
		value := scalar()
		switch {
		case depth > 0 && g.chance(200):
			value = g.jsonLiteral(depth - 1)
		case g.fault():
			value = pick(g, []string{"RED", "1e999", "$nope"})
		}
		parts[i] = fmt.Sprintf("m%d: %s", i, value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// variable declares a variable for a place, gives it a value and returns it.
// Now and then it is one that exists.
func (g *generator) variable(t *ast.Type, hasDefault bool) string {
	if len(g.variables) > 0 && g.fault() {
		return fmt.Sprintf("$v%d", g.IntN(len(g.variables)))
	}
	declared := *t
	text, withDefault := declared.String(), g.chance(250)
	switch {
	case g.fault():
		text = pick(g, []string{"Int", "Int!", "[Int]", "String", "ID!", "Boolean", "[ID!]!", "[[Int!]!]", "Nope", "Query", g.typeName(), "[" + text + "]"})
	case declared.NonNull && (hasDefault || withDefault) && g.chance(700):
		declared.NonNull = false
		text = declared.String()
	case !declared.NonNull && g.chance(400):
		declared.NonNull = true
		text = declared.String()
	}
	name := fmt.Sprintf("v%d", len(g.variables))
	g.variables = append(g.variables, "") // holds the name
	declaration := "$" + name + ": " + text
	if withDefault {
		declaration += " = " + g.value(&declared, false, 2, g.fault())
	}
	g.variables[len(g.variables)-1] = declaration
	g.values[name] = g.json(&declared, 3)
	if !declared.NonNull && t.NonNull && g.chance(300) {
		g.values[name] = "null"
	}
	return "$" + name
}

// json makes the JSON value of a variable.
func (g *generator) json(t *ast.Type, depth int) string {
	if g.fault() {
		return pick(g, []string{
			"null", "5", "5.0", "1e1", "0.5", "2147483648", "1e400", "-0", `"5"`, `"x"`, `""`, "true", `"RED"`, `"red"`, "{}", "[]", `{"x": 1}`, "[[1]]", "[null]", "[{}]", `["x"]`, `{"__typename": "X"}`,
		})
	}
	if !t.NonNull && g.chance(80) || g.chance(g.faults/2) {
		return "null"
	}
	if t.Elem != nil {
		if g.chance(150) {
			return g.json(t.Elem, depth)
		}
		parts := make([]string, g.IntN(3))
		for i := range parts {
			parts[i] = g.json(t.Elem, depth-1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	def := g.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return `"` + pick(g, def.EnumValues).Name + `"`
	case ast.InputObject:
		text := g.object(def, depth, func(f *ast.FieldDefinition) string {
			return fmt.Sprintf("%q: %s", f.Name, g.json(f.Type, depth-1))
		})
		if api.UnmarshalExact([]byte(text), new(any)) != nil { // a fault that is for literals
			return "{}"
		}
		return text
	}
	switch def.Name {
	case "Int":
		return pick(g, []string{"0", "-0", "1", "1.0", "1e0", "-7.0", "120e-1", "2147483647", "-2147483648", "2.147483647e9", "0e5", "0.0"})
	case "Float":
		return pick(g, []string{"0", "-1", "1.5", "1e3", "-2.5E-3", "0.0", "12345678901234567890", "1e308"})
	case "String":
		return pick(g, []string{`"x"`, `""`, `"\u0041\n"`, `"é"`, `"😀"`, `"5"`})
	case "Boolean":
		return pick(g, []string{"true", "false"})
	case "ID":
		return pick(g, []string{`"a"`, `""`, "5", "-3", "5.0", "1e3", `"7.5"`, "9007199254740991"})
	case "DateTime":
		return pick(g, instants)
	case "JSONObject":
		return pick(g, []string{"{}", `{"a": 1}`, `{"a": [1, null, {"b": "x"}], "c": 1.5}`})
	}
	return "null"
}
