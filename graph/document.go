package graph

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dialogs/graph/model"
)

// validationRules are gqlparser's own and the limits, after one that reads
// number literals: gqlparser panics on those that fit neither int64 nor double.
func validationRules(limits Limits) *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule("Limits", limits.rule)
	last := rules.ValuesOfCorrectTypeRule
	all.RemoveRule(last.Name)
	all.AddRule("NumberLiterals", numberLiterals)
	all.AddRule(last.Name, last.RuleFunc)
	return all
}

// numberLiterals lets a whole number of any length stand for an ID as its
// decimal text, lets one inside a JSON object be a double when it fits no
// int64, and refuses doubles that are infinite.
func numberLiterals(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Kind == ast.IntValue {
			_, err := strconv.ParseInt(value.Raw, 10, 64)
			switch {
			case value.Definition != nil && value.Definition.Name == "ID":
				value.Kind = ast.StringValue
			case err != nil && value.Definition == nil:
				value.Kind = ast.FloatValue
			}
		}
		if value.Kind == ast.FloatValue {
			if _, err := strconv.ParseFloat(value.Raw, 64); err != nil {
				addError(core.Message("The number %s is too large.", value.String()), core.At(value.Position))
			}
		}
	})
}

// exactEnums refuses variables whose enum values differ from the schema's in
// case, which gqlparser lets pass.
type exactEnums struct{ schema *ast.Schema }

// ExtensionName names the extension.
func (exactEnums) ExtensionName() string { return "ExactEnums" }

// Validate takes the schema.
func (e *exactEnums) Validate(es graphql.ExecutableSchema) error {
	e.schema = es.Schema()
	return nil
}

// MutateOperationContext checks the variables of one operation.
func (e *exactEnums) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	for _, v := range op.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if err := e.check(v.Type, op.Variables[v.Variable], path); err != nil {
			return err
		}
	}
	return nil
}

func (e *exactEnums) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if list, ok := value.([]any); ok && t.Elem != nil {
		for i, element := range list {
			if err := e.check(t.Elem, element, append(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	def := e.schema.Types[t.Name()]
	switch value := value.(type) {
	case string:
		if def.Kind == ast.Enum && def.EnumValues.ForName(value) == nil {
			return e.wrong(path, value, def)
		}
	case map[string]any:
		if def.Kind != ast.InputObject {
			return nil
		}
		for _, field := range def.Fields {
			if err := e.check(field.Type, value[field.Name], append(path, ast.PathName(field.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *exactEnums) wrong(path ast.Path, value string, def *ast.Definition) *gqlerror.Error {
	err := gqlerror.ErrorPathf(append(ast.Path{}, path...), "%s is not a valid %s", value, def.Name)
	err.Extensions = map[string]any{"code": model.ErrorCodeBadUserInput}
	return err
}
