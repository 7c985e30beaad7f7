package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestLogMessages looks for every warning and error that the program logs in the table of
// operations.md, and for rows whose message nothing logs.
func TestLogMessages(t *testing.T) {
	logged := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"node_modules", "bench", "servertest", "clients", "examples", "tools", "e2e", "bin"}, entry.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if message, ok := warning(node); ok {
				logged[message] = path
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n### Log messages\n")
	table, _, _ = strings.Cut(table, "\n#")
	explained := map[string]bool{}
	for line := range strings.Lines(table) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			message, _, _ := strings.Cut(rest, "`")
			explained[message] = true
		}
	}
	for message, path := range logged {
		if !explained[message] {
			t.Errorf("operations.md does not explain %q of %s", message, path)
		}
	}
	for message := range explained {
		if logged[message] == "" {
			t.Errorf("operations.md explains %q, which nothing logs as a warning or error", message)
		}
	}
	if len(logged) < 20 {
		t.Errorf("only %d messages were found", len(logged))
	}
}

// warning is the message of a call that logs a warning or an error.
func warning(node ast.Node) (message string, ok bool) {
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	at := map[string]int{"Warn": 0, "Error": 0, "WarnContext": 1, "ErrorContext": 1, "Log": 2, "LogAttrs": 2}
	i, ok := at[method.Sel.Name]
	if !ok || i >= len(call.Args) {
		return "", false
	}
	if level, ok := call.Args[max(0, i-1)].(*ast.SelectorExpr); ok && i == 2 && strings.HasPrefix(level.Sel.Name, "Level") && level.Sel.Name < "LevelJ" {
		return "", false // LevelDebug or LevelInfo
	}
	if level, ok := call.Args[max(0, i-1)].(*ast.CallExpr); ok && i == 2 {
		if method, ok := level.Fun.(*ast.SelectorExpr); ok && method.Sel.Name == "Level" {
			return "", false // of the lines of requests, which are INFO or DEBUG
		}
	}
	text, ok := call.Args[i].(*ast.BasicLit)
	if !ok || text.Kind != token.STRING {
		return "", false
	}
	message, err := strconv.Unquote(text.Value)
	return message, err == nil
}
