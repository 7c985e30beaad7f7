package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestRandomTestsRunLonger finds every test that tries more when it has more time, or only
// runs then: make test-long finds it by a line of the test function itself.
func TestRandomTestsRunLonger(t *testing.T) {
	makefile := read(t, "Makefile")
	found := 0
	for _, path := range sources(t, ".go") {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			ast.Inspect(declared, func(n ast.Node) bool {
				call, is := n.(*ast.SelectorExpr)
				if !is || call.Sel.Name != "Times" && call.Sel.Name != "Long" {
					return true
				}
				if in, is := call.X.(*ast.Ident); !is || in.Name != "dialogtest" {
					return true
				}
				found++
				if !ok || !strings.HasPrefix(function.Name.Name, "Test") && !strings.Contains(makefile, "|"+function.Name.Name) {
					t.Errorf("%s: dialogtest.%s is called outside of a test function, where make test-long does not find it", path, call.Sel.Name)
				}
				return true
			})
		}
	}
	if found < 20 {
		t.Errorf("found %d calls of dialogtest.Times and dialogtest.Long", found)
	}
}
