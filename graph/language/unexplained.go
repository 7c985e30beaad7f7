package language

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// unexplainedRules has the message of each rule's errors when they must not
// help to guess the schema. {name} and {field} are what the client wrote at the
// place: the first name there, and behind an alias the field's. Rules that only
// concern the document itself keep their messages.
var unexplainedRules = map[string]string{
	"FieldsOnCorrectType":          "unknown field{field}",
	"FragmentsOnCompositeTypes":    "this type cannot be used here{name}",
	"KnownArgumentNames":           "an argument is unknown{field}",
	"KnownDirectives":              "this directive cannot be used here{name}",
	"KnownFragmentNames":           "",
	"KnownTypeNames":               "this type cannot be used here{name}",
	"LoneAnonymousOperation":       "",
	"MaxIntrospectionDepth":        "",
	"NoFragmentCycles":             "",
	"NoUndefinedVariables":         "",
	"NoUnusedFragments":            "",
	"NoUnusedVariables":            "",
	"OverlappingFieldsCanBeMerged": "conflicting selections with the same name: use aliases{name}",
	"PossibleFragmentSpreads":      "this type cannot be used here{name}",
	"ProvidedRequiredArguments":    "a required argument is missing{field}",
	"ScalarLeafs":                  "the selection of subfields is missing or not allowed{field}",
	"SingleFieldSubscriptions":     "",
	"UniqueArgumentNames":          "",
	"UniqueDirectivesPerLocation":  "",
	"UniqueFragmentNames":          "",
	"UniqueInputFieldNames":        "",
	"UniqueOperationNames":         "",
	"UniqueVariableNames":          "",
	"ValuesOfCorrectType":          "", // written for this
	"VariablesAreInputTypes":       "this type cannot be used here{name}",
	"VariablesInAllowedPosition":   "a variable of this type cannot be used here{name}",
}

// hideRules rewords errors and puts them in the order of the document. The
// order in which rules run would tell which of them failed, and so whether a
// name exists in the schema.
func hideRules(errs gqlerror.List, in *ast.Position) {
	for _, err := range errs {
		err.Message, err.Rule = unexplained(err, in), ""
	}
	slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int {
		return cmp.Or(slices.CompareFunc(a.Locations, b.Locations, func(a, b gqlerror.Location) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		}), cmp.Compare(a.Message, b.Message))
	})
}

// unexplained is the message of an error of a rule without anything that only
// the schema knows.
func unexplained(err *gqlerror.Error, in *ast.Position) string {
	text, known := unexplainedRules[err.Rule]
	switch {
	case !known: // a rule that is newer than the table
		return "the document is not valid"
	case text == "":
		return err.Message
	}
	var name, field string
	if len(err.Locations) > 0 && in != nil {
		name, field = namesAt(in.Src.Input, err.Locations[0])
	}
	return strings.NewReplacer("{name}", name, "{field}", field).Replace(text)
}

// written matches what an error's location may start with: the alias and name
// of a field, a variable, a directive, a fragment.
var written = regexp.MustCompile(`^(?:\.\.\.\s*)?(?:on\s+|fragment\s+)?([@$]?\w+)(?:\s*:\s*([A-Za-z_]\w*))?`)

// namesAt are the name at a place of the document, and the one behind it if it
// is an alias, each in quotation marks behind a colon; empty without any.
func namesAt(text string, at gqlerror.Location) (name, field string) {
	for range at.Line - 1 {
		_, text, _ = strings.Cut(text, "\n")
	}
	runes := []rune(text)
	found := written.FindStringSubmatch(string(runes[min(at.Column-1, len(runes)):]))
	if found == nil {
		return "", ""
	}
	name = fmt.Sprintf(": %q", found[1])
	if found[2] == "" {
		return name, name
	}
	return name, fmt.Sprintf(": %q", found[2])
}
