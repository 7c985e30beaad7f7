package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph/scalar"
)

// exactVariables coerces every variable before anything is executed, to the
// letter: gqlparser lets enum values of another case pass, and strings that
// look like numbers, and gqlgen would find out only when the field's turn
// comes, with its neighbors changed already.
type exactVariables struct{ schema *ast.Schema }

// ExtensionName names the extension.
func (*exactVariables) ExtensionName() string { return "ExactVariables" }

// Validate takes the schema.
func (e *exactVariables) Validate(es graphql.ExecutableSchema) error {
	e.schema = es.Schema()
	return nil
}

// MutateOperationContext checks the variables of one operation.
func (e *exactVariables) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	for _, v := range op.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if err := e.check(v.Type, op.Variables[v.Variable], path); err != nil {
			return err
		}
	}
	return nil
}

func (e *exactVariables) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if value == nil {
		return nil // gqlparser has seen to what must not be null
	}
	if list, ok := value.([]any); ok && t.Elem != nil {
		for i, element := range list {
			if err := e.check(t.Elem, element, append(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	def := e.schema.Types[t.Name()]
	if object, ok := value.(map[string]any); ok && def.Kind == ast.InputObject {
		for _, field := range def.Fields {
			if err := e.check(field.Type, object[field.Name], append(path, ast.PathName(field.Name))); err != nil {
				return err
			}
		}
		return nil
	}
	if err := coerce(def, value); err != nil {
		wrong := gqlerror.ErrorPathf(append(ast.Path{}, path...), "%s", err)
		wrong.Extensions = map[string]any{"code": api.BadUserInput}
		return wrong
	}
	return nil
}

// coerce tells why the value is none of the scalar or enum.
func coerce(def *ast.Definition, value any) (err error) {
	if def.Kind == ast.Enum {
		if name, ok := value.(string); !ok || def.EnumValues.ForName(name) == nil {
			return dialog.InvalidInput("", "is no value of "+def.Name)
		}
		return nil
	}
	switch def.Name {
	case "ID":
		_, err = scalar.UnmarshalID(value)
	case "Int":
		_, err = scalar.UnmarshalInt(value)
	case "String":
		_, err = scalar.UnmarshalString(value)
	case "DateTime":
		_, err = scalar.UnmarshalDateTime(value)
	case "JSONObject":
		_, err = scalar.UnmarshalJSONObject(value)
	case "Boolean":
		if _, ok := value.(bool); !ok {
			err = errors.New("takes true or false")
		}
	}
	return err
}
