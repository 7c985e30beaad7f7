package graph

import "github.com/vektah/gqlparser/v2/ast"

const (
	// visitsPerToken is how often validation may look at each token that a document
	// may have.
	visitsPerToken = 4
	// selectionVisits is how many values cost as much to validate as a field or a
	// fragment spread.
	selectionVisits = 3
)

// visitsAtMost reports whether validation looks at no more than so many parts of a
// document. It looks at each operation and at each fragment with all fragments that they
// use, directly or not: a long list at the end of a chain of 200 fragments is looked at
// 200 times.
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

// A part is what a selection has itself, and the fragments that it spreads.
type part struct {
	visits  int
	spreads []string
	round   int // in which it was visited last
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
