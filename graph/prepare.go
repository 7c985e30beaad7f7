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

// valueSize is how many bytes of a document take as long to prepare as a value of the
// variables.
const valueSize = 8

// newLanguage returns the language of the schema's documents.
func newLanguage(schema *ast.Schema, c *Config) *language.Language {
	return &language.Language{
		Schema: schema, Tokens: c.Limits.Tokens, Explain: c.Introspection,
		ListLength: c.Limits.List,
		Scalars:    map[string]language.Scalar{"DateTime": scalar.CheckDateTime, "JSONObject": scalar.CheckJSONObject},
	}
}

// A preparation makes every operation ready to be executed: it parses the
// document, checks the limits, validates it and coerces the variables. An
// operation that it refuses is not started. gqlgen's executor would do the same
// with looser rules, but finds everything done: it asks its cache of documents,
// which is this type, and coerces values that are already coerced.
type preparation struct {
	language *language.Language
	gate     gate
	caller   func(context.Context) dialog.Caller
	requests *budget.Requests
	// valid are documents that have passed, by their text.
	valid graphql.Cache[*ast.QueryDocument]
}

var (
	_ graphql.OperationParameterMutator = preparation{}
	_ graphql.ResponseInterceptor       = preparation{}
	_ graphql.Cache[*ast.QueryDocument] = preparation{}
)

// ExtensionName names the extension.
func (preparation) ExtensionName() string { return "Preparation" }

// Validate has nothing to check.
func (preparation) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters prepares one operation.
func (p preparation) MutateOperationParameters(ctx context.Context, raw *graphql.RawParams) *gqlerror.Error {
	op := graphql.GetOperationContext(ctx)
	errs := p.prepare(ctx, op, raw)
	if len(errs) == 0 {
		return nil
	}
	op.Stats.SetExtension(p.ExtensionName(), errs[1:])
	return errs[0]
}

func (p preparation) prepare(ctx context.Context, op *graphql.OperationContext, raw *graphql.RawParams) gqlerror.List {
	doc, ok := p.valid.Get(ctx, raw.Query)
	size := api.Leaves(raw.Variables) * valueSize
	if !ok {
		size += len(raw.Query)
	}
	done, err := p.requests.Reading(ctx, p.caller(ctx), size)
	if err != nil {
		return gqlerror.List{tooLate()}
	}
	defer done()
	if !ok {
		var errs gqlerror.List
		if doc, errs = p.read(ctx, raw.Query); len(errs) > 0 {
			return errs
		}
		p.valid.Add(ctx, raw.Query, doc)
	}
	operation := doc.Operations.ForName(raw.OperationName)
	if operation == nil {
		return gqlerror.List{refusedDocument(unknownOperation(raw.OperationName))}
	}
	if err := ctx.Err(); err != nil { // reading may have taken all the time
		return gqlerror.List{tooLate()}
	}
	variables, errs := p.language.Variables(operation, raw.Variables)
	if len(errs) > 0 {
		return errs
	}
	op.Doc, raw.Variables = doc, variables
	return nil
}

// read parses, measures and validates a document.
func (p preparation) read(ctx context.Context, text string) (*ast.QueryDocument, gqlerror.List) {
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

// tooLate is the error of an operation whose time is up before it has started.
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

// refusedDocument is the error about a document that is not executed.
func refusedDocument(message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{
		"code": api.ValidationFailed, "status": api.ValidationFailed.Status(),
	}}
}

// InterceptResponse adds the errors behind the first, which is the only one
// that a mutator can return.
func (p preparation) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.HasOperationContext(ctx) {
		more, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(p.ExtensionName()).(gqlerror.List)
		for _, err := range more {
			graphql.AddError(ctx, err)
		}
	}
	return next(ctx)
}

// Get returns the prepared document to the executor.
func (preparation) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	return graphql.GetOperationContext(ctx).Doc, true
}

// Add is never called: [preparation.Get] always has a document.
func (preparation) Add(context.Context, string, *ast.QueryDocument) {}
