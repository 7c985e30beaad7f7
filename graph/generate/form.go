package main

import (
	"go/types"
	"slices"
	"strings"
	"text/template"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	gqltemplates "github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
)

// functions are what the templates can ask.
func functions() template.FuncMap {
	return template.FuncMap{"written": written, "root": root, "form": form, "method": method, "fields": fields, "reads": reads, "valueOf": valueOf, "direct": direct}
}

// The forms of a field that is written into the text of its object.
const (
	formValue    = "value"
	formOptional = "optional" // a pointer, nil for null
	formStrings  = "strings"
	formList     = "list"
)

// goTypes are the types in Go of the scalars that objects of an answer can write.
var goTypes = map[string]string{"ID": "string", "String": "string", "Int": "int", "Boolean": "bool", "DateTime": "time.Time"}

// written reports whether the template "text" writes an object: all but the roots, and
// introspection, whose fields are changed on their way.
func written(o *codegen.Object) bool {
	return !o.Root && !o.Stream && !strings.HasPrefix(o.Name, "__")
}

// root reports whether the template "root" writes an object.
func root(o *codegen.Object) bool { return o.Root && !o.Stream }

// form is the form of a field that needs nothing but a value in memory; empty for all
// other fields.
func form(f *codegen.Field) string {
	if !written(f.Object) || f.IsResolver || f.MethodHasContext || f.VOkFunc || f.HasHaser || f.Batch || f.HasDirectives() ||
		len(f.Args) > 0 || !f.IsVariable() && !f.IsMethod() || f.IsMethod() && !f.NoErr {
		return ""
	}
	t := f.TypeReference
	switch {
	case method(t) == "":
		return ""
	case t.IsSlice() && goTypes[t.Definition.Name] == "string" && t.GQL.NonNull:
		return formStrings
	case t.IsSlice() && t.GQL.NonNull && !t.Elem().IsSlice() && !t.Elem().IsPtr():
		return formList
	case t.IsPtr() && !t.GQL.NonNull && !t.Elem().IsSlice():
		return formOptional
	case t.GQL.Elem == nil && !t.IsPtr():
		return formValue
	}
	return ""
}

// method is the method that writes a value, or an element of a list; empty when there
// is none.
func method(t *config.TypeReference) string {
	for t.IsPtr() || t.IsSlice() {
		t = t.Elem()
	}
	switch {
	case t.Definition.Kind == ast.Enum && t.HasEnumValues():
		return "Enum"
	case t.Definition.Kind == ast.Scalar && types.TypeString(t.GO, nil) == goTypes[t.Definition.Name]:
		return t.Definition.Name
	}
	return ""
}

// fields is the variable with the written fields of a list's objects; nil when they are
// not objects.
func fields(d *codegen.Data, t *config.TypeReference) string {
	for _, o := range d.Objects {
		if o.Name == t.Definition.Name && written(o) {
			return gqltemplates.LcFirst(o.Name) + "Text"
		}
	}
	return "nil"
}

// direct reports whether the elements of a list are structs of a written object: they
// need not be copied.
func direct(d *codegen.Data, t *config.TypeReference) bool {
	return fields(d, t) != "nil" && t.IsStruct() && !t.IsPtr()
}

// reads are the names of the fields, apart from those of the roots, that have resolvers.
func reads(d *codegen.Data) (names []string) {
	for _, o := range d.Objects {
		for _, f := range o.Fields {
			if !o.Root && f.IsResolver && !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// valueOf is the expression for the value of a field.
func valueOf(f *codegen.Field) string {
	value := f.GoReceiverName + "." + f.GoFieldName
	if f.IsMethod() {
		value += "()"
	}
	return value
}
