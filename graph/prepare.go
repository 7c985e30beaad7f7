package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph/language"
	"dialogs/graph/scalar"
)

// valueSize is how many bytes of a document take as long to process as one value of the
// variables.
const valueSize = 8

// newLanguage returns a parser and validator for documents of the schema.
func newLanguage(schema *ast.Schema, c *Config) *language.Language {
	return &language.Language{
		Schema: schema, Tokens: c.Limits.Tokens, Explain: c.Introspection,
		ListLength: c.Limits.List,
		Scalars:    map[string]language.Scalar{"DateTime": scalar.CheckDateTime, "JSONObject": scalar.CheckJSONObject},
	}
}

// A preparation makes every operation ready to be executed: it parses the
// document, checks the limits, validates it and coerces the variables. An
// operation that it refuses is not started.
type preparation struct {
	schema   graphql.ExecutableSchema
	language *language.Language
	gate     gate
	caller   func(context.Context) dialog.Caller
	requests *budget.Requests
	sized    map[string]bool // see [usesOf]
	// valid are validated documents, by their text.
	valid *cache[*document]
}

// prepare gets the document from the cache or validates it, and coerces the variables in
// raw.
func (p *preparation) prepare(ctx context.Context, raw *graphql.RawParams) (*document, *ast.OperationDefinition, gqlerror.List) {
	doc, ok := p.valid.Get(ctx, raw.Query)
	size := api.Leaves(raw.Variables) * valueSize
	if !ok {
		size += len(raw.Query)
	}
	done, err := p.requests.Reading(ctx, p.caller(ctx), size)
	if err != nil {
		return nil, nil, gqlerror.List{tooLate()}
	}
	defer done()
	if !ok {
		read, errs := p.read(ctx, raw.Query)
		if len(errs) > 0 {
			return nil, nil, errs
		}
		doc = newDocument(read)
		p.valid.Add(ctx, raw.Query, doc)
	}
	operation := doc.Operations.ForName(raw.OperationName)
	if operation == nil {
		return nil, nil, gqlerror.List{refusedDocument(unknownOperation(raw.OperationName))}
	}
	if late := !ok || size > budget.SmallBytes; late && ctx.Err() != nil { // this may have taken all the time
		return nil, nil, gqlerror.List{tooLate()}
	}
	variables, errs := p.language.Variables(operation, raw.Variables)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	raw.Variables = variables
	return doc, operation, nil
}

// read parses a document, checks its size and validates it.
func (p *preparation) read(ctx context.Context, text string) (*ast.QueryDocument, gqlerror.List) {
	doc, err := p.language.Parse(text)
	if err != nil {
		api.NoteLimit(ctx, (&api.Refusal{Message: err.Message}).Limit())
		return nil, gqlerror.List{err}
	}
	if message, setting := p.gate.judge(doc); message != "" {
		api.NoteLimit(ctx, setting)
		return nil, gqlerror.List{refusedDocument(message)}
	}
	return doc, p.language.Validate(doc)
}

// tooLate returns the error of an operation whose time ended before it started.
func tooLate() *gqlerror.Error {
	return &gqlerror.Error{
		Message:    "the request took too long and was stopped before it was executed (limit: --request-timeout): nothing was changed",
		Extensions: map[string]any{"code": api.Unavailable, "status": api.Unavailable.Status()},
	}
}

func unknownOperation(name string) string {
	if name == "" {
		return "operationName is required: the document has several operations"
	}
	return fmt.Sprintf("unknown operation %q: it is not in the document", language.Shorten(name))
}

// refusedDocument returns an error about a document that is not executed.
func refusedDocument(message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{
		"code": api.ValidationFailed, "status": api.ValidationFailed.Status(),
	}}
}
