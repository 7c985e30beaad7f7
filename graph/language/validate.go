package language

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dialogs/api"
)

// Validate checks a document that [Language.Parse] has read, and prepares a
// valid one for execution. It reports at most 20 errors: some rules find one
// for each pair of fields.
func (l *Language) Validate(doc *ast.QueryDocument) gqlerror.List {
	if len(doc.Operations) == 0 {
		return gqlerror.List{withCode(gqlerror.Errorf("the document has no operation"), api.ValidationFailed)}
	}
	told := gqlerror.List{}
	found := append(validator.ValidateWithRules(l.Schema, doc, l.rules()), l.overlaps(doc)...)
	if !l.Explain {
		hideRules(found, doc.Position)
	}
	for _, err := range found {
		if len(told) == errorsTold {
			break
		}
		// An error in a fragment is found once for each operation.
		if slices.ContainsFunc(told, func(e *gqlerror.Error) bool { return sameError(e, err) }) {
			continue
		}
		told = append(told, withCode(err, api.ValidationFailed))
	}
	if len(told) > 0 {
		return told
	}
	makeExecutable(doc)
	return nil
}

func sameError(a, b *gqlerror.Error) bool {
	return a.Rule == b.Rule && a.Message == b.Message && slices.Equal(a.Locations, b.Locations)
}

// rules are the specification's. Each finds a bounded number of errors.
func (l *Language) rules() *rules.Rules {
	all := rules.NewDefaultRules().GetInner()
	all["ValuesOfCorrectType"] = l.valuesOfCorrectType
	all["KnownTypeNames"] = rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc // suggests in random order
	if !l.Explain {                                                             // nobody will read the suggestions, which take long to find
		all["FieldsOnCorrectType"] = rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc
		all["KnownArgumentNames"] = rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc
		all["ScalarLeafs"] = rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc
	}
	delete(all, overlapsName) // which [Language.overlaps] checks
	few := &rules.Rules{}
	for name, rule := range all {
		few.AddRule(name, bounded(rule))
	}
	return few
}

// bounded is a rule that finds a bounded number of errors.
func bounded(rule core.RuleFunc) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		told := 0
		rule(observers, func(options ...core.ErrorOption) {
			if told++; told <= 2*errorsTold {
				addError(options...)
			}
		})
	}
}

// valuesOfCorrectType checks literals by the same rules as variables. It
// replaces gqlparser's rule of that name, which accepts {} for any scalar or
// enum and does not check ranges.
func (l *Language) valuesOfCorrectType(observers *core.Events, addError core.AddErrFunc) {
	judge := func(t *ast.Type, value *ast.Value, prefix, name string) {
		c := coercion{language: l}
		c.literal(t, value, ast.Path{ast.PathName(name)})
		for _, p := range c.problems {
			addError(core.Message("%s", p.message(prefix, l.Explain)), core.At(p.at))
		}
	}
	judgeAll := func(defs ast.ArgumentDefinitionList, arguments ast.ArgumentList) {
		for _, a := range arguments {
			if def := defs.ForName(a.Name); def != nil {
				judge(def.Type, a.Value, "", a.Name)
			}
		}
	}
	observers.OnVariable(func(_ *core.Walker, v *ast.VariableDefinition) {
		if v.DefaultValue != nil {
			judge(v.Type, v.DefaultValue, "$", v.Variable)
		}
	})
	observers.OnField(func(_ *core.Walker, f *ast.Field) {
		if f.Definition != nil {
			judgeAll(f.Definition.Arguments, f.Arguments)
		}
	})
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Definition != nil {
			judgeAll(d.Definition.Arguments, d.Arguments)
		}
	})
}

// makeExecutable puts all literals of a valid document into the form in which
// they are executed.
func makeExecutable(doc *ast.QueryDocument) {
	for _, op := range doc.Operations {
		makeSelectionExecutable(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		makeSelectionExecutable(fragment.SelectionSet)
	}
}

func makeSelectionExecutable(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			for _, a := range s.Arguments {
				executable(a.Value.Definition, a.Value)
			}
			makeSelectionExecutable(s.SelectionSet)
		case *ast.InlineFragment:
			makeSelectionExecutable(s.SelectionSet)
		}
	}
}
