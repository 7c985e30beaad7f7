package graph

import (
	"maps"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dialogs/graph/scalar"
)

// errorsTold is how many errors of a document are told. Some rules find one
// for each pair of fields.
const errorsTold = 20

// validationRules are gqlparser's own and one for literals, all of which stop
// telling when enough has been told. The rule for literals comes before
// gqlparser's for values, which it keeps from what it panics on; rules run in
// the order of their names.
func validationRules() *rules.Rules {
	all := rules.NewDefaultRules().GetInner()
	all["LiteralsOfCorrectType"] = literals
	told := 0
	bounded := &rules.Rules{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		bounded.AddRule(name, func(observers *core.Events, addError core.AddErrFunc) {
			all[name](observers, func(options ...core.ErrorOption) {
				if told++; told <= errorsTold {
					addError(options...)
				}
			})
		})
	}
	return bounded
}

// literals judges what gqlparser leaves to resolvers, so that a document that
// can't be executed whole is not begun. It lets a whole number of any length
// stand for an ID as its decimal text, and one inside a JSON object be a
// double when it fits no int64.
func literals(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if message := judgeLiteral(value); message != "" {
			addError(core.Message("%s: %s", value.String(), message), core.At(value.Position))
			value.Definition, value.ExpectedType, value.Raw = nil, nil, "0" // so that no other rule says it again
		}
	})
}

func judgeLiteral(value *ast.Value) (message string) {
	of := "" // what the schema wants here; nothing inside a JSON object
	if value.Definition != nil {
		of = value.Definition.Name
	}
	switch value.Kind {
	case ast.IntValue:
		n, err := strconv.ParseInt(value.Raw, 10, 64)
		switch {
		case of == "ID":
			value.Kind = ast.StringValue
		case of == "" && err != nil:
			value.Kind = ast.FloatValue
			return judgeLiteral(value)
		case of == "Int" && (err != nil || n != int64(int32(n))): //nolint:gosec // that it overflows is what is asked
			return "takes a whole number of 32 bits"
		}
	case ast.FloatValue:
		if _, err := strconv.ParseFloat(value.Raw, 64); err != nil {
			return "the number is too large"
		}
	case ast.EnumValue:
		if of == "" {
			return "a string needs quotation marks"
		}
	case ast.StringValue, ast.BlockValue:
		if of == "DateTime" {
			if _, err := scalar.UnmarshalDateTime(value.Raw); err != nil {
				return err.Error()
			}
		}
	}
	switch {
	case value.Kind == ast.Variable || value.Kind == ast.NullValue || value.Kind == ast.ListValue && isList(value):
	case of == "JSONObject" && value.Kind != ast.ObjectValue:
		return "takes a JSON object"
	case of == "DateTime" && value.Kind != ast.StringValue && value.Kind != ast.BlockValue:
		return "takes an RFC 3339 instant as a string"
	}
	return ""
}

func isList(value *ast.Value) bool {
	return value.ExpectedType != nil && value.ExpectedType.Elem != nil
}
