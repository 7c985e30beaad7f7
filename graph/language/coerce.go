package language

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Variables coerces the variables of an operation of a valid document. Values
// are JSON, with numbers as [json.Number]; unknown names are ignored. In the
// result Int is int64, Float float64, and ID, String and enums are strings;
// custom scalars stay JSON. A variable that is not given and has no default is
// not in the result.
func (l *Language) Variables(op *ast.OperationDefinition, values map[string]any) (map[string]any, gqlerror.List) {
	c := coercion{language: l}
	coerced := make(map[string]any, len(op.VariableDefinitions))
	for _, v := range op.VariableDefinitions {
		value, given := values[v.Variable]
		if plain, ok := l.plain(v.Type, value); ok {
			coerced[v.Variable] = plain
			continue
		}
		path := ast.Path{ast.PathName(v.Variable)}
		switch {
		case given:
			coerced[v.Variable] = c.json(v.Type, value, path)
		case v.DefaultValue != nil:
			coerced[v.Variable] = c.literal(v.Type, v.DefaultValue, path)
		case v.Type.NonNull:
			c.add(problem{kind: missingVariable, path: path, expected: v.Type.String()})
		}
	}
	if len(c.problems) > 0 {
		errs := make(gqlerror.List, 0, len(c.problems))
		for _, p := range c.problems {
			err := p.variable(l.Explain)
			// Unexplained, how often one is told would count the required fields.
			if !slices.ContainsFunc(errs, func(e *gqlerror.Error) bool { return e.Message == err.Message }) {
				errs = append(errs, err)
			}
		}
		return nil, errs
	}
	return coerced, l.refuseNulls(op, coerced)
}

// plain coerces a valid scalar or enum, which needs no path; not ok for anything else.
func (l *Language) plain(t *ast.Type, value any) (coerced any, ok bool) {
	if value == nil || t.Elem != nil {
		return nil, false
	}
	def := l.Schema.Types[t.NamedType]
	if def.Kind == ast.InputObject {
		return nil, false
	}
	coerced, err := l.leaf(def, value)
	return coerced, err == nil
}

// A coercion collects what can't be coerced.
type coercion struct {
	language *Language
	problems []problem
}

// errorsTold is how many errors of one request are reported.
const errorsTold = 20

// full says that no more problems are reported.
func (c *coercion) full() bool { return len(c.problems) >= errorsTold }

func (c *coercion) add(p problem) {
	if !c.full() {
		p.path = slices.Clone(p.path)
		c.problems = append(c.problems, p)
	}
}

// tooLong refuses a list over the limit before it is coerced.
func (c *coercion) tooLong(length int, path ast.Path, at *ast.Position) bool {
	if length <= c.language.ListLength || c.language.ListLength == 0 {
		return false
	}
	c.add(problem{kind: longList, path: path, value: strconv.Itoa(length), expected: strconv.Itoa(c.language.ListLength), at: at})
	return true
}

func (c *coercion) definition(t *ast.Type) *ast.Definition {
	return c.language.Schema.Types[t.NamedType]
}

func (c *coercion) describe(t *ast.Type) string { return describe(t, c.definition(t)) }

// json coerces a JSON value.
func (c *coercion) json(t *ast.Type, value any, path ast.Path) any {
	if value == nil {
		if t.NonNull {
			c.add(problem{path: path, value: "null", expected: c.describe(t)})
		}
		return nil
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			return []any{c.json(t.Elem, value, path)}
		}
		if c.tooLong(len(list), path, nil) {
			return nil
		}
		coerced := make([]any, len(list))
		for i, element := range list {
			if c.full() {
				break
			}
			coerced[i] = c.json(t.Elem, element, append(path, ast.PathIndex(i)))
		}
		return coerced
	}
	def := c.definition(t)
	if def.Kind == ast.InputObject {
		object, ok := value.(map[string]any)
		if !ok {
			c.add(problem{path: path, value: shown(value), expected: c.describe(t)})
			return nil
		}
		return c.jsonObject(t, def, object, path)
	}
	coerced, err := c.language.leaf(def, value)
	if err != nil {
		c.add(problem{path: path, value: shown(value), expected: c.expectation(t, err)})
	}
	return coerced
}

func (c *coercion) jsonObject(t *ast.Type, def *ast.Definition, object map[string]any, path ast.Path) any {
	coerced := make(map[string]any, len(def.Fields))
	for _, field := range def.Fields {
		value, given := object[field.Name]
		at := append(path, ast.PathName(field.Name))
		switch {
		case given:
			coerced[field.Name] = c.json(field.Type, value, at)
		case field.DefaultValue != nil:
			coerced[field.Name] = c.literal(field.Type, field.DefaultValue, at)
		case field.Type.NonNull:
			c.add(problem{kind: missingValue, path: at, expected: c.describe(field.Type)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if c.full() {
			break
		}
		if def.Fields.ForName(name) == nil {
			c.add(problem{kind: unknownField, path: append(path, ast.PathName(name)), expected: similar(name, def.Fields)})
		}
	}
	if def.Directives.ForName("oneOf") != nil {
		given := slices.Collect(maps.Values(object))
		if len(given) != 1 || given[0] == nil {
			c.add(problem{path: path, value: shown(object), expected: c.describe(t) + " with exactly one field that is not null"})
		}
	}
	return coerced
}

// expectation is what a leaf expects: its type, and what the type adds.
func (c *coercion) expectation(t *ast.Type, err error) string {
	if text := err.Error(); text != "" {
		return c.describe(t) + ", " + text
	}
	return c.describe(t)
}

// errUnfit is a value of another kind, about which a type has nothing to add.
var errUnfit = errors.New("")

// leaf coerces the JSON value of a scalar or enum.
func (l *Language) leaf(def *ast.Definition, value any) (any, error) {
	if def.Kind == ast.Enum {
		if name, ok := value.(string); ok && def.EnumValues.ForName(name) != nil {
			return value, nil
		}
		return nil, errUnfit
	}
	switch def.Name {
	case "Int":
		return coerceInt(value)
	case "Float":
		if number, ok := isNumber(value); ok {
			if f, err := strconv.ParseFloat(number, 64); err == nil {
				return f, nil
			}
		}
	case "String":
		if _, ok := value.(string); ok {
			return value, nil
		}
	case "Boolean":
		if _, ok := value.(bool); ok {
			return value, nil
		}
	case "ID":
		if _, ok := value.(string); ok {
			return value, nil
		}
		if number, ok := isNumber(value); ok {
			if digits, ok := whole(number); ok {
				return digits, nil
			}
		}
	default:
		if read := l.Scalars[def.Name]; read != nil {
			return read(value)
		}
	}
	return nil, errUnfit
}

func coerceInt(value any) (any, error) {
	number, ok := isNumber(value)
	if !ok {
		return nil, errUnfit
	}
	digits, ok := whole(number)
	if !ok {
		return nil, errUnfit
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return nil, errors.New("a whole number from -2147483648 to 2147483647")
	}
	return n, nil
}
