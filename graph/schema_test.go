package graph_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
)

func loadSchema(t testing.TB) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestDescriptions checks the schema: every type, field, argument, enum value and
// directive has a description with at least one sentence.
func TestDescriptions(t *testing.T) {
	schema := loadSchema(t)
	check := func(place, name, description string) {
		switch {
		case description == "":
			t.Errorf("%s has no description", place)
		case !strings.HasSuffix(strings.TrimSpace(description), "."):
			t.Errorf("%s: the description is not a sentence: %s", place, description)
		case strings.EqualFold(strings.ReplaceAll(strings.Trim(description, ". "), " ", ""), strings.ReplaceAll(name, "_", "")):
			t.Errorf("%s: the description is the name again", place)
		}
	}
	arguments := func(place string, list ast.ArgumentDefinitionList) {
		for _, a := range list {
			check(place+"("+a.Name+":)", a.Name, a.Description)
		}
	}
	for name, def := range schema.Types {
		if def.BuiltIn {
			continue
		}
		check(name, name, def.Description)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(name+"."+f.Name, f.Name, f.Description)
			arguments(name+"."+f.Name, f.Arguments)
		}
		for _, v := range def.EnumValues {
			check(name+"."+v.Name, v.Name, v.Description)
		}
	}
	for name, directive := range schema.Directives {
		if directive.Position.Src.BuiltIn {
			continue
		}
		check("@"+name, name, directive.Description)
		arguments("@"+name, directive.Arguments)
	}
}

// TestRootFieldsAreNullable: an error in one root field never hides the results of others.
// The exceptions are viewer, which can't fail, and nodes, whose type is defined by Relay.
func TestRootFieldsAreNullable(t *testing.T) {
	schema := loadSchema(t)
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, f := range root.Fields {
			if f.Type.NonNull && f.Name != "viewer" && f.Name != "nodes" && !strings.HasPrefix(f.Name, "__") {
				t.Errorf("%s.%s can fail and is not nullable", root.Name, f.Name)
			}
		}
	}
}

// TestErrorCodes compares the codes that the schema describes with the codes in use.
func TestErrorCodes(t *testing.T) {
	var described []string
	for _, value := range loadSchema(t).Types["ErrorCode"].EnumValues {
		described = append(described, value.Name)
	}
	var codes []string
	for _, code := range api.Codes() {
		codes = append(codes, string(code))
	}
	slices.Sort(described)
	slices.Sort(codes)
	if diff := cmp.Diff(codes, described); diff != "" {
		t.Errorf("the enum ErrorCode differs (-codes +enum):\n%s", diff)
	}
}
