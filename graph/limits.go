package graph

import (
	"errors"
	"math"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/model"
)

// Limits bound what one request may ask of the server, before any of it runs.
type Limits struct {
	// Body is the largest request body, in bytes.
	Body int64
	// Tokens is how many lexical tokens a document may have.
	Tokens int
	// Depth is how deep fields may nest.
	Depth int
	// Aliases is how many fields of a document may have an alias.
	Aliases int
	// Operations is how many operations a document may have.
	Operations int
	// Complexity is how many fields an answer may come to, by [complexities].
	Complexity int
}

// DefaultLimits are enough for every screen of a client and for introspection.
func DefaultLimits() Limits {
	return Limits{Body: 1 << 20, Tokens: 10_000, Depth: 15, Aliases: 50, Operations: 10, Complexity: 50_000}
}

// Validate refuses limits under which nothing could be asked.
func (l Limits) Validate() error {
	if l.Body < 1024 || l.Tokens < 1 || l.Depth < 1 || l.Aliases < 0 || l.Operations < 1 || l.Complexity < 1 {
		return errors.New("the limits of a request must be positive, and that of its body at least 1024")
	}
	return nil
}

// rule refuses documents that are too deep, or have too many aliases or
// operations. It also refuses those whose fragments multiply to more fields
// than the complexity allows, which would take the complexity's own count for
// ever.
func (l Limits) rule(observers *core.Events, addError core.AddErrFunc) {
	sizes := map[*ast.FragmentDefinition]*extent{}
	seen := false
	observers.OnOperation(func(w *core.Walker, op *ast.OperationDefinition) {
		if !seen {
			seen = true
			l.checkDocument(w.Document, addError)
		}
		size := measure(w.Document, op.SelectionSet, sizes)
		switch {
		case size.depth > l.Depth:
			addError(core.Message("The operation is %d deep, and the server takes %d.", size.depth, l.Depth), core.At(op.Position))
		case size.fields > l.Complexity:
			addError(core.Message("The operation has more fields than the server takes (%d).", l.Complexity), core.At(op.Position))
		}
	})
}

func (l Limits) checkDocument(doc *ast.QueryDocument, addError core.AddErrFunc) {
	if n := len(doc.Operations); n > l.Operations {
		addError(core.Message("The document has %d operations, and the server takes %d.", n, l.Operations))
	}
	n := 0
	for _, op := range doc.Operations {
		n += aliases(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		n += aliases(fragment.SelectionSet)
	}
	if n > l.Aliases {
		addError(core.Message("The document has %d aliases, and the server takes %d.", n, l.Aliases))
	}
}

func aliases(set ast.SelectionSet) int {
	n := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Alias != s.Name {
				n++
			}
			n += aliases(s.SelectionSet)
		case *ast.InlineFragment:
			n += aliases(s.SelectionSet)
		}
	}
	return n
}

// An extent is how far a selection reaches with its fragments filled in.
type extent struct{ depth, fields int }

// measure takes the extent of a selection. Each fragment is measured once; one
// that spreads itself, which another rule refuses, counts for nothing inside.
func measure(doc *ast.QueryDocument, set ast.SelectionSet, sizes map[*ast.FragmentDefinition]*extent) extent {
	var all extent
	add := func(e extent, levels, fields int) {
		all.depth = max(all.depth, e.depth+levels)
		all.fields = min(all.fields+e.fields+fields, math.MaxInt32)
	}
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			add(measure(doc, s.SelectionSet, sizes), 1, 1)
		case *ast.InlineFragment:
			add(measure(doc, s.SelectionSet, sizes), 0, 0)
		case *ast.FragmentSpread:
			fragment := doc.Fragments.ForName(s.Name)
			if fragment == nil {
				continue
			}
			size, ok := sizes[fragment]
			if !ok {
				size = &extent{}
				sizes[fragment] = size
				*size = measure(doc, fragment.SelectionSet, sizes)
			}
			add(*size, 0, 0)
		}
	}
	return all
}

// complexities count what a field comes to: a page as often as it is long,
// and what costs another read as the reading of a page does.
func complexities() generated.ComplexityRoot {
	const read = 10
	var c generated.ComplexityRoot
	c.Query.Dialogs = func(child int, _ dialog.Scope, first *int, _ *string, last *int, _ *string, _ *model.DialogFilter, _ model.DialogOrder) int {
		size := dialog.DefaultPage
		if last != nil {
			size = *last
		}
		if first != nil {
			size = *first
		}
		return times(size, child) + read
	}
	c.Dialog.Occupants = func(child, first int, _ *string) int { return times(first, child) }
	c.Dialog.History = func(child, first int) int { return times(min(first, dialog.HistoryKept), child) + read }
	c.DialogConnection.TotalCount = func(child int) int { return child + read }
	return c
}

// times multiplies without overflow. A page that is no page is refused later.
func times(size, child int) int {
	return min(max(size, 1), dialog.MaxPage) * min(child+1, math.MaxInt32)
}
