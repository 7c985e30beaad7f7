package language

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"dialogs/api"
)

// A problem is an input value that can't be coerced.
type problem struct {
	kind problemKind
	// path leads to the value. A variable's starts with its name, a literal's
	// with the argument's.
	path ast.Path
	// value is what was received, as text.
	value string
	// expected is what the schema says of the place; for an unknown field,
	// what similar fields there are.
	expected string
	// at is where a literal is in the document; nil for variables.
	at *ast.Position
}

type problemKind int

const (
	invalidValue problemKind = iota
	missingValue
	// missingVariable only repeats what is in the client's own document.
	missingVariable
	unknownField
	// longList is a list of value elements, where expected are allowed.
	longList
)

// message says what is wrong. It names what the schema expects only if asked
// to explain.
func (p problem) message(prefix string, explain bool) string {
	place := prefix + shownPath(p.path)
	switch {
	case p.kind == longList:
		return fmt.Sprintf("too many values for %s: %s (limit %s)", place, p.value, p.expected)
	case p.kind == missingVariable, p.kind == missingValue && explain:
		return fmt.Sprintf("missing value for %s: expected %s", place, p.expected)
	case p.kind == missingValue:
		return fmt.Sprintf("missing value: a required field of %s is not set", prefix+shownPath(parent(p.path)))
	case p.kind == unknownField && explain && p.expected != "":
		return fmt.Sprintf("unknown field %s: did you mean %s?", place, p.expected)
	case p.kind == unknownField:
		return "unknown field " + place
	case explain:
		return fmt.Sprintf("invalid value %s for %s: expected %s", p.value, place, p.expected)
	}
	return fmt.Sprintf("invalid value %s for %s", p.value, place)
}

// shownPath is a path with every name shortened: an unknown field can have any.
func shownPath(path ast.Path) string {
	shown := make(ast.Path, len(path))
	for i, element := range path {
		if name, ok := element.(ast.PathName); ok {
			element = ast.PathName(Shorten(string(name)))
		}
		shown[i] = element
	}
	return shown.String()
}

func parent(path ast.Path) ast.Path { return path[:max(len(path)-1, 1)] }

// variable is the error about a variable's value. Its field is the input to
// blame as the domain would name it: without input, up to customData.
func (p problem) variable(explain bool) *gqlerror.Error {
	path := p.path
	if p.kind == missingValue && !explain {
		path = parent(path)
	}
	var names []string
	for _, element := range path {
		name, ok := element.(ast.PathName)
		if !ok || name == "input" && len(names) == 0 && len(path) > 1 {
			continue
		}
		names = append(names, Shorten(string(name)))
		if name == "customData" {
			break
		}
	}
	err := withCode(gqlerror.Errorf("%s", p.message("$", explain)), api.BadUserInput)
	err.Extensions["field"] = strings.Join(names, ".")
	return err
}

// similar lists the fields that the client may have meant, as part of a
// sentence.
func similar(name string, fields ast.FieldList) string {
	if utf8.RuneCountInString(name) > longestShown {
		return ""
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return core.OrList(core.SuggestionList(name, names)...)
}

// describe says what a type expects.
func describe(t *ast.Type, def *ast.Definition) string {
	if def == nil || def.Kind != ast.Enum || t.Elem != nil {
		return t.String()
	}
	names := make([]string, len(def.EnumValues))
	for i, v := range def.EnumValues {
		names[i] = v.Name
	}
	if last := len(names) - 1; last > 0 {
		names[last-1] += " or " + names[last]
		names = names[:last]
	}
	return t.String() + " (" + strings.Join(names, ", ") + ")"
}

// longestShown is how many characters of a value a message shows.
const longestShown = 60

// shown is a value for a message.
func shown(value any) string {
	text, err := api.MarshalPlain(value)
	if err != nil { // an invalid number; all other values are JSON
		text = []byte(fmt.Sprint(value))
	}
	return Shorten(string(text))
}

// Shorten is a text for a message: at most 60 characters of it.
func Shorten(text string) string { return api.Shorten(text, longestShown) }

// isNumber reports whether a JSON value is a number.
func isNumber(value any) (string, bool) {
	n, ok := value.(json.Number)
	return n.String(), ok
}
