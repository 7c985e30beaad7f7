package language

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// refuseNulls looks for nullable variables that are null where null is not
// allowed. Validation accepts them if they, or the place, have a default; by
// the specification, the field then fails when it is executed, after other
// fields already were. Fields that @skip or @include leave out don't count.
func (l *Language) refuseNulls(op *ast.OperationDefinition, variables map[string]any) gqlerror.List {
	n := nullSearch{language: l, variables: variables, seen: map[*ast.FragmentDefinition]bool{}}
	n.selection(op.SelectionSet)
	return n.found
}

type nullSearch struct {
	language  *Language
	variables map[string]any
	seen      map[*ast.FragmentDefinition]bool
	found     gqlerror.List
}

func (n *nullSearch) selection(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if n.included(s.Directives) {
				n.arguments(s.Definition.Arguments, s.Arguments)
				n.selection(s.SelectionSet)
			}
		case *ast.InlineFragment:
			if n.included(s.Directives) {
				n.selection(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if n.included(s.Directives) && !n.seen[s.Definition] {
				n.seen[s.Definition] = true
				n.selection(s.Definition.SelectionSet)
			}
		}
	}
}

// included reports whether @skip and @include let a selection be executed. Like
// the executor, it does not look at @include when @skip has decided.
func (n *nullSearch) included(directives ast.DirectiveList) bool {
	for _, name := range []string{"skip", "include"} {
		d := directives.ForName(name)
		if d == nil {
			continue
		}
		before := len(n.found)
		n.arguments(d.Definition.Arguments, d.Arguments)
		value, err := d.Arguments.ForName("if").Value.Value(n.variables)
		if len(n.found) > before || err != nil || value != (name == "include") {
			return false
		}
	}
	return true
}

func (n *nullSearch) arguments(defs ast.ArgumentDefinitionList, arguments ast.ArgumentList) {
	for _, a := range arguments {
		n.value(defs.ForName(a.Name).Type, a.Value)
	}
}

func (n *nullSearch) value(t *ast.Type, value *ast.Value) {
	switch value.Kind {
	case ast.Variable:
		held, given := n.variables[value.Raw]
		if t != nil && t.NonNull && given && held == nil {
			n.add(value, t)
		}
	case ast.ListValue:
		if t = elementOf(t); t == nil {
			return
		}
		for _, child := range value.Children {
			n.value(t, child.Value)
		}
	case ast.ObjectValue:
		for t != nil && t.Elem != nil {
			t = t.Elem
		}
		if t == nil {
			return
		}
		def := n.language.Schema.Types[t.NamedType]
		for _, child := range value.Children {
			if field := def.Fields.ForName(child.Name); field != nil { // a custom scalar has none
				n.value(field.Type, child.Value)
			}
		}
	}
}

func elementOf(t *ast.Type) *ast.Type {
	if t == nil {
		return nil
	}
	return t.Elem
}

func (n *nullSearch) add(value *ast.Value, t *ast.Type) {
	if len(n.found) >= errorsTold {
		return
	}
	p := problem{
		path: ast.Path{ast.PathName(value.Raw)}, value: "null",
		expected: describe(t, n.language.Schema.Types[t.NamedType]), at: value.Position,
	}
	err := p.variable(n.language.Explain)
	err.Locations = []gqlerror.Location{{Line: p.at.Line, Column: p.at.Column}}
	n.found = append(n.found, err)
}
