// Package language reads GraphQL documents and their variables exactly as the
// GraphQL specification says: it parses, validates and coerces. What it accepts
// can be executed completely; what it refuses must not be started.
//
// gqlparser does most of the work. This package corrects its mistakes, and each
// correction names its upstream state. Differential tests compare the package
// with graphql-js, the specification's reference.
//
// It must not know dialogs, transports, or the caller.
package language

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"

	"dialogs/api"
)

// A Scalar reads the JSON value of a custom scalar. Numbers come as
// [json.Number]. Its error says what the scalar expects.
type Scalar func(value any) (any, error)

// A Language reads the documents of one schema.
type Language struct {
	Schema *ast.Schema
	// Scalars are the custom scalars of the schema, by name.
	Scalars map[string]Scalar
	// Tokens is how many lexical tokens a document may have.
	Tokens int
	// ListLength is how many elements a list in a literal or variable may have;
	// 0 for any number.
	ListLength int
	// Explain lets messages name what the schema expects, with suggestions.
	// Without it they only repeat what the client wrote, so that they don't
	// help to guess the schema.
	Explain bool
}

// Parse reads a document. It is not valid yet.
func (l *Language) Parse(text string) (*ast.QueryDocument, *gqlerror.Error) {
	readable, err := readable(text)
	if err != nil {
		return nil, withCode(err, api.ParseFailed)
	}
	source := &ast.Source{Input: readable}
	doc, failure := parser.ParseQueryWithTokenLimit(source, l.Tokens)
	if failure != nil {
		return nil, withCode(syntaxError(source, failure), api.ParseFailed)
	}
	if err := refuseUnspecified(doc); err != nil {
		return nil, withCode(err, api.ParseFailed)
	}
	return doc, nil
}

// syntaxError is the parser's error, or the lexer's if that is behind it: of a
// token that can't be read, the parser says only that it is invalid.
func syntaxError(source *ast.Source, failure error) *gqlerror.Error {
	var syntax *gqlerror.Error
	if !errors.As(failure, &syntax) {
		syntax = gqlerror.Errorf("%s", failure)
	}
	if most, ok := strings.CutPrefix(syntax.Message, "exceeded token limit of "); ok {
		syntax.Message = "the document has too many tokens (limit " + most + ", --limit-tokens): send a smaller one"
	}
	if !strings.Contains(syntax.Message, lexer.Invalid.String()) {
		return syntax
	}
	lexical := lexer.New(source)
	for {
		token, err := lexical.ReadToken()
		if errors.As(err, &syntax) || token.Kind == lexer.EOF {
			return syntax
		}
	}
}

// refuseUnspecified looks for what gqlparser reads and the specification does
// not have: an empty document, and fragment f($v: Int) on Dialog { … }.
func refuseUnspecified(doc *ast.QueryDocument) *gqlerror.Error {
	if len(doc.Operations)+len(doc.Fragments) == 0 {
		return gqlerror.ErrorLocf("", 1, 1, "the document is empty")
	}
	for _, fragment := range doc.Fragments {
		if len(fragment.VariableDefinition) > 0 {
			at := fragment.VariableDefinition[0].Position
			return gqlerror.ErrorLocf("", at.Line, at.Column, "fragments cannot declare variables")
		}
	}
	return nil
}

func withCode(err *gqlerror.Error, code api.Code) *gqlerror.Error {
	err.Err = nil // it is for the client, as it is
	err.Extensions = map[string]any{"code": code, "status": code.Status()}
	return err
}
