package language

import (
	"maps"

	"github.com/vektah/gqlparser/v2/ast"
)

// Served is the schema without the definitions that gqlparser adds to every
// schema and this server does not support: @defer, which would answer null for
// deferred fields, and unused built-in scalars, which the specification forbids
// to show.
func Served(schema *ast.Schema) *ast.Schema {
	served := *schema
	served.Directives = maps.Clone(schema.Directives)
	delete(served.Directives, "defer")
	referred := references(&served)
	served.Types = maps.Clone(schema.Types)
	maps.DeleteFunc(served.Types, func(name string, def *ast.Definition) bool {
		return def.BuiltIn && def.Kind == ast.Scalar && !referred[name]
	})
	return &served
}

// references are the names of all types that fields, arguments and input
// fields have.
func references(schema *ast.Schema) map[string]bool {
	names := map[string]bool{}
	arguments := func(list ast.ArgumentDefinitionList) {
		for _, a := range list {
			names[a.Type.Name()] = true
		}
	}
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			names[f.Type.Name()] = true
			arguments(f.Arguments)
		}
	}
	for _, d := range schema.Directives {
		arguments(d.Arguments)
	}
	return names
}
