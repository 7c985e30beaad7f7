package graph

import (
	"fmt"
	"math"

	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/model"
)

// Limits are what one request may ask for. They are checked before any of it is executed.
type Limits struct {
	// Tokens is how many lexical tokens a document may have.
	Tokens int
	// Fields is how many fields, fragments and operations may be written in a document.
	// Validation compares them with each other.
	Fields int
	// Depth is how many levels deep fields may be nested.
	Depth int
	// Aliases is how many fields of a document may have an alias.
	Aliases int
	// Operations is how many operations a document may have.
	Operations int
	// List is how many elements a list in an input may have, see [LongestList].
	List int
	// Complexity is how many fields an answer may have at most, as counted by
	// [complexities].
	Complexity int
}

// DefaultLimits returns limits that are enough for every screen of a client and for
// introspection.
func DefaultLimits() Limits {
	return Limits{Tokens: 10_000, Fields: 500, Depth: 15, Aliases: 50, Operations: 10, Complexity: 50_000, List: LongestList(dialog.DefaultLimits())}
}

// LongestList returns a number of elements that is enough for every valid list in an input
// under the limits of dialogs. Duplicate ids count once, so a list may be longer than its
// limit.
func LongestList(l dialog.Limits) int {
	return 2 * max(l.Occupants, l.Admins, l.IDsPerList, l.FieldsPerClass)
}

// A gate refuses documents that are too large before they are validated.
type gate struct {
	limits        Limits
	introspection bool
}

// judge returns why a document is too large, and which setting limits it; "" if it is not
// too large. Fragments can multiply to so many fields that computing the complexity would
// never end, so their expanded fields are counted first.
func (g gate) judge(doc *ast.QueryDocument) (message, setting string) {
	size := written{fields: len(doc.Operations) + len(doc.Fragments)}
	for _, op := range doc.Operations {
		size.add(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		size.add(fragment.SelectionSet)
	}
	for _, limit := range []struct {
		what, setting string
		have, most    int
	}{
		{"operations", "limit-operations", len(doc.Operations), g.limits.Operations},
		{"fields", "limit-document-fields", size.fields, g.limits.Fields},
		{"aliases", "limit-aliases", size.aliases, g.limits.Aliases},
	} {
		if limit.have > limit.most {
			return fmt.Sprintf("too many %s: %d (limit %d, --%s): send several requests", limit.what, limit.have, limit.most, limit.setting), limit.setting
		}
	}
	if size.introspects && !g.introspection {
		return "introspection is disabled (start with --introspection, or use schema.graphqls)", ""
	}
	if most := visitsPerToken * g.limits.Tokens; !visitsAtMost(doc, most) {
		return fmt.Sprintf("the fragments use one another too often: validating them takes too many steps (limit %d, %d times --limit-tokens): use fewer fragments", most, visitsPerToken), "limit-tokens"
	}
	extents := map[*ast.FragmentDefinition]*extent{}
	for _, op := range doc.Operations {
		switch e := measure(doc, op.SelectionSet, extents); {
		case e.depth > g.limits.Depth:
			return fmt.Sprintf("the operation is nested too deep: %d levels (limit %d, --limit-depth): ask for the rest in another operation", e.depth, g.limits.Depth), "limit-depth"
		case e.fields > g.limits.Complexity:
			return fmt.Sprintf("too many fields after expanding fragments (limit %d, --limit-complexity): use fewer fragments", g.limits.Complexity), "limit-complexity"
		}
	}
	return "", ""
}

// written counts what is written in a document, with each fragment once.
type written struct {
	fields, aliases int
	introspects     bool
}

func (w *written) add(set ast.SelectionSet) {
	for _, selection := range set {
		w.fields++
		switch s := selection.(type) {
		case *ast.Field:
			if s.Alias != s.Name {
				w.aliases++
			}
			w.introspects = w.introspects || s.Name == "__schema" || s.Name == "__type"
			w.add(s.SelectionSet)
		case *ast.InlineFragment:
			w.add(s.SelectionSet)
		}
	}
}

// An extent is the size of a selection after expanding its fragments.
type extent struct{ depth, fields int }

// measure returns the extent of a selection. Each fragment is measured once. Inside
// itself, a fragment counts as empty; validation refuses such fragments later.
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

// complexities returns the cost of fields: a page costs the sum of its items, and a field
// that needs another read of the store costs 10 more.
func complexities() generated.ComplexityRoot {
	const read = 10
	var c generated.ComplexityRoot
	c.Query.Dialogs = func(child int, _ dialog.Scope, first *int, _ *string, last *int, _ *string, _ *model.DialogFilter, _ model.DialogOrder) int {
		return times(pageLength(first, last), child) + read
	}
	c.Query.Nodes = func(child int, ids []string) int { return times(len(ids), child+read) }
	c.Query.DialogChanges = func(child int, _ *string, first *int) int {
		size := dialog.MaxPage
		if first != nil {
			size = *first
		}
		return times(size, child) + read
	}
	c.Mutation.LeaveDialogs = func(child int, ids []string) int { return times(len(ids), read) + child }
	c.Dialog.Occupants = func(child, first int, _ *string) int { return times(first, child) }
	c.Dialog.History = func(child, first int) int { return times(min(first, dialog.HistoryKept), child) + read }
	c.DialogConnection.TotalCount = func(child int) int { return child + read }
	return c
}

// pageLength returns how many dialogs a page has at most.
func pageLength(first, last *int) int {
	switch {
	case first != nil:
		return min(max(*first, 1), dialog.MaxPage)
	case last != nil:
		return min(max(*last, 1), dialog.MaxPage)
	}
	return dialog.DefaultPage
}

// times multiplies without overflow. Invalid page sizes are refused later.
func times(size, child int) int {
	return min(max(size, 1), dialog.MaxPage) * min(child+1, math.MaxInt32)
}
