package graph

import "github.com/vektah/gqlparser/v2/ast"

const (
	// visitsPerToken is how many steps validation may take for each token that a document
	// is allowed to have.
	visitsPerToken = 4
	// selectionVisits is how many steps a field, a fragment spread or a directive takes. A
	// value takes one.
	selectionVisits = 3
)

// visitsAtMost reports whether validating a document takes at most this many steps. For
// each operation and each fragment, validation visits all fragments that it uses, directly
// or indirectly: so a long list at the end of a chain of 200 fragments is visited 200
// times.
func visitsAtMost(doc *ast.QueryDocument, most int) bool {
	parts := make(map[string]*part, len(doc.Fragments))
	for _, fragment := range doc.Fragments {
		if parts[fragment.Name] == nil {
			p := &part{}
			p.add(fragment.SelectionSet)
			parts[fragment.Name] = p
		}
	}
	total, round := 0, 0
	visit := func(set ast.SelectionSet) bool {
		root := &part{}
		root.add(set)
		round++
		for next := []*part{root}; len(next) > 0 && total <= most; {
			p := next[len(next)-1]
			next = next[:len(next)-1]
			total += p.visits
			for _, name := range p.spreads {
				if used := parts[name]; used != nil && used.round != round {
					used.round = round
					next = append(next, used)
				}
			}
		}
		return total <= most
	}
	for _, op := range doc.Operations {
		if !visit(op.SelectionSet) {
			return false
		}
	}
	for _, fragment := range doc.Fragments {
		if !visit(fragment.SelectionSet) {
			return false
		}
	}
	return true
}

// A part has the steps that a selection itself takes, and the fragments that it spreads.
type part struct {
	visits  int
	spreads []string
	round   int // in which it was last visited
}

func (p *part) add(set ast.SelectionSet) {
	for _, selection := range set {
		p.visits += selectionVisits
		switch s := selection.(type) {
		case *ast.Field:
			p.arguments(s.Arguments)
			p.directives(s.Directives)
			p.add(s.SelectionSet)
		case *ast.InlineFragment:
			p.directives(s.Directives)
			p.add(s.SelectionSet)
		case *ast.FragmentSpread:
			p.directives(s.Directives)
			p.spreads = append(p.spreads, s.Name)
		}
	}
}

func (p *part) directives(list ast.DirectiveList) {
	for _, d := range list {
		p.visits += selectionVisits
		p.arguments(d.Arguments)
	}
}

func (p *part) arguments(list ast.ArgumentList) {
	for _, a := range list {
		p.visits += valuesIn(a.Value)
	}
}

func valuesIn(v *ast.Value) int {
	if v == nil {
		return 0
	}
	n := 1
	for _, child := range v.Children {
		n += valuesIn(child.Value)
	}
	return n
}
