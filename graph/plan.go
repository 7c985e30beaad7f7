package graph

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/graph/answer"
	"dialogs/graph/generated"
)

// A document was validated. It also has what is the same for each execution of its
// operations, which is computed once.
type document struct {
	*ast.QueryDocument
	plans []plan // one for each operation, in order
}

// A plan has what all executions of an operation share.
type plan struct {
	once sync.Once
	// fixed means that no variable decides which fields are executed. In that case, roots
	// are the root fields, and sets are the collected fields of its selections.
	fixed bool
	roots []graphql.CollectedField
	sets  *answer.Sets
	notes []slog.Attr // what the log line says about the operation
	// complexity is 0 if variables decide it.
	complexity int
}

// collectedBytes is how many bytes a selection takes in the sets of a plan.
const collectedBytes = 192

// notedBytes is how many bytes the notes of an operation take.
const notedBytes = 256 + fieldsNoted*16

func newDocument(doc *ast.QueryDocument) *document {
	return &document{QueryDocument: doc, plans: make([]plan, len(doc.Operations))}
}

// weighPlanned returns how many bytes of memory a document takes, including its plans.
func weighPlanned(text string, d *document) int64 {
	return weighDocument(text, d.QueryDocument) + int64(d.selections())*collectedBytes + int64(len(d.Operations))*notedBytes
}

// selections returns how many selections are written in the document.
func (d *document) selections() int {
	all := written{}
	for _, op := range d.Operations {
		all.add(op.SelectionSet)
	}
	for _, fragment := range d.Fragments {
		all.add(fragment.SelectionSet)
	}
	return all.fields
}

// plan returns the plan of an operation.
func (d *document) plan(ctx context.Context, op *ast.OperationDefinition, p *preparation) *plan {
	made := &d.plans[slices.Index(d.Operations, op)]
	made.once.Do(func() {
		uses := usesOf(d.QueryDocument, p.sized)
		if made.fixed = !uses.directives; made.fixed {
			made.roots = rootFields(&graphql.OperationContext{Doc: d.QueryDocument, Operation: op})
			made.sets = answer.NewSets(d.selections())
			made.notes = notesOf(op, made.roots)
		}
		if !uses.sizes {
			made.complexity = complexity.Calculate(ctx, p.schema, op, nil)
		}
	})
	return made
}

// uses says what the variables of a document decide.
type uses struct {
	directives bool // which fields are executed
	sizes      bool // how many fields an answer may have
}

// usesOf finds out what the variables of a document decide. sized are the names of the
// fields whose complexity depends on their arguments.
func usesOf(doc *ast.QueryDocument, sized map[string]bool) (u uses) {
	for _, op := range doc.Operations {
		u.look(op.SelectionSet, sized)
	}
	for _, fragment := range doc.Fragments {
		u.look(fragment.SelectionSet, sized)
	}
	return u
}

func (u *uses) look(set ast.SelectionSet, sized map[string]bool) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.directives = u.directives || anyVariable(s.Directives)
			u.sizes = u.sizes || sized[strings.ToLower(s.Name)] && hasVariable(s.Arguments)
			u.look(s.SelectionSet, sized)
		case *ast.InlineFragment:
			u.directives = u.directives || anyVariable(s.Directives)
			u.look(s.SelectionSet, sized)
		case *ast.FragmentSpread:
			u.directives = u.directives || anyVariable(s.Directives)
		}
	}
}

func anyVariable(directives ast.DirectiveList) bool {
	return slices.ContainsFunc(directives, func(d *ast.Directive) bool { return hasVariable(d.Arguments) })
}

func hasVariable(arguments ast.ArgumentList) bool {
	return slices.ContainsFunc(arguments, func(a *ast.Argument) bool { return isVariable(a.Value) })
}

func isVariable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return isVariable(c.Value) })
}

// sizedFields returns the names of all fields that have their own complexity, in lower
// case, because the generated code writes the names as Go does.
func sizedFields(c generated.ComplexityRoot) map[string]bool {
	names := map[string]bool{}
	for _, of := range reflect.ValueOf(c).Fields() {
		maps.Insert(names, func(yield func(string, bool) bool) {
			for field, function := range of.Fields() {
				if !function.IsNil() && !yield(strings.ToLower(field.Name), true) {
					return
				}
			}
		})
	}
	return names
}
