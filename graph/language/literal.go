package language

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// literal coerces a literal. Variables in it are null: their values are checked
// separately.
func (c *coercion) literal(t *ast.Type, value *ast.Value, path ast.Path) any {
	switch {
	case value.Kind == ast.Variable:
		return nil
	case value.Kind == ast.NullValue:
		if t.NonNull {
			c.unfit(t, value, path, errUnfit)
		}
		return nil
	case t.Elem != nil && value.Kind == ast.ListValue:
		if c.tooLong(len(value.Children), path, value.Position) {
			return nil
		}
		coerced := make([]any, len(value.Children))
		for i, child := range value.Children {
			coerced[i] = c.literal(t.Elem, child.Value, append(path, ast.PathIndex(i)))
		}
		return coerced
	case t.Elem != nil:
		return []any{c.literal(t.Elem, value, path)}
	}
	def := c.definition(t)
	if def == nil || !def.IsInputType() {
		return nil // another rule reports it
	}
	if def.Kind == ast.InputObject {
		if value.Kind != ast.ObjectValue {
			c.unfit(t, value, path, errUnfit)
			return nil
		}
		return c.literalObject(t, def, value, path)
	}
	coerced, err := c.language.literalLeaf(def, value)
	if err != nil {
		c.unfit(t, value, path, err)
	}
	return coerced
}

func (c *coercion) literalObject(t *ast.Type, def *ast.Definition, value *ast.Value, path ast.Path) any {
	coerced := make(map[string]any, len(def.Fields))
	for _, field := range def.Fields {
		given := value.Children.ForName(field.Name)
		at := append(path, ast.PathName(field.Name))
		switch {
		case given != nil:
			coerced[field.Name] = c.literal(field.Type, given, at)
		case field.DefaultValue != nil:
			coerced[field.Name] = c.literal(field.Type, field.DefaultValue, at)
		case field.Type.NonNull:
			c.add(problem{kind: missingValue, path: at, expected: c.describe(field.Type), at: value.Position})
		}
	}
	for _, child := range value.Children {
		if def.Fields.ForName(child.Name) == nil {
			c.add(problem{
				kind: unknownField, path: append(path, ast.PathName(child.Name)),
				expected: similar(child.Name, def.Fields), at: child.Position,
			})
		}
	}
	if def.Directives.ForName("oneOf") != nil && (len(value.Children) != 1 || value.Children[0].Value.Kind == ast.NullValue) {
		c.unfit(t, value, path, errors.New("with exactly one field that is not null"))
	}
	return coerced
}

func (c *coercion) unfit(t *ast.Type, value *ast.Value, path ast.Path, err error) {
	c.add(problem{path: path, value: Shorten(value.String()), expected: c.expectation(t, err), at: value.Position})
}

// literalKinds are the literals that stand for each of the specification's
// scalars.
var literalKinds = map[string][]ast.ValueKind{
	"Int":     {ast.IntValue},
	"Float":   {ast.IntValue, ast.FloatValue},
	"String":  {ast.StringValue, ast.BlockValue},
	"Boolean": {ast.BooleanValue},
	"ID":      {ast.StringValue, ast.BlockValue, ast.IntValue},
}

// literalLeaf coerces the literal of a scalar or enum.
func (l *Language) literalLeaf(def *ast.Definition, value *ast.Value) (any, error) {
	kinds, specified := literalKinds[def.Name]
	switch {
	case def.Kind == ast.Enum && value.Kind != ast.EnumValue, specified && !slices.Contains(kinds, value.Kind):
		return nil, errUnfit
	case def.Kind == ast.Enum, def.Name == "ID":
		return l.leaf(def, value.Raw)
	}
	plain, err := asJSON(value)
	if err != nil {
		return nil, err
	}
	return l.leaf(def, plain)
}

// asJSON is the JSON value that a literal of a custom scalar stands for.
func asJSON(value *ast.Value) (any, error) {
	switch value.Kind {
	case ast.IntValue, ast.FloatValue:
		if _, err := strconv.ParseFloat(value.Raw, 64); err != nil {
			return nil, errors.New("with numbers that a double can hold")
		}
		return json.Number(value.Raw), nil
	case ast.StringValue, ast.BlockValue:
		return value.Raw, nil
	case ast.BooleanValue:
		return value.Raw == "true", nil
	case ast.EnumValue:
		return nil, errors.New("with quotation marks around strings")
	case ast.ListValue:
		list := make([]any, len(value.Children))
		for i, child := range value.Children {
			element, err := asJSON(child.Value)
			if err != nil {
				return nil, err
			}
			list[i] = element
		}
		return list, nil
	case ast.ObjectValue:
		object := make(map[string]any, len(value.Children))
		for _, child := range value.Children {
			member, err := asJSON(child.Value)
			if err != nil {
				return nil, err
			}
			object[child.Name] = member
		}
		return object, nil
	}
	return nil, nil // null, and variables
}

// executable puts the numbers of a valid literal into the form in which they
// are executed. [ast.Value.Value], which the executor calls, reads every whole
// number as an int64 and panics on a longer one.
func executable(def *ast.Definition, value *ast.Value) {
	for _, child := range value.Children {
		executable(child.Value.Definition, child.Value)
	}
	if value.Kind != ast.IntValue {
		return
	}
	if def != nil && def.Name == "ID" {
		value.Kind = ast.StringValue
	} else if _, err := strconv.ParseInt(value.Raw, 10, 64); err != nil {
		value.Kind = ast.FloatValue
	}
}
