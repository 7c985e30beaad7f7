package dialog

import "context"

// The bounds of a page of a list.
const (
	DefaultPage = 20
	MaxPage     = 100
	// MaxSkip bounds what a page that skips may cost.
	MaxSkip = 100_000
)

// A ListRequest is a page of a list, as a caller asked for it.
type ListRequest struct {
	Scope         Scope
	Filter        FilterInput
	Order         Order
	First, Last   Optional[int]
	After, Before Optional[string]
	// Skip leaves out that many dialogs at the list's start, for doors whose
	// pages are numbered. It goes with First alone. A page costs what it
	// skips, and what changes meanwhile is seen twice or not at all; a cursor
	// has neither fault.
	Skip int
}

// A Page is one page of a list.
type Page struct {
	Dialogs []Dialog
	query   Query
	digest  string
	// more says that the list goes on past the page's far end.
	more bool
}

// Cursor is the cursor of the page's i-th dialog.
func (p *Page) Cursor(i int) string {
	return encodeCursor(p.digest, p.query.Order, &p.Dialogs[i])
}

// List returns a page of what the caller may see in the scope.
func (s *Service) List(ctx context.Context, c Caller, r ListRequest) (Page, error) {
	if err := signedIn(c); err != nil {
		return Page{}, err
	}
	q, digest, err := s.query(ctx, c, r)
	if err != nil {
		return Page{}, err
	}
	page := Page{query: q, digest: digest}
	q.Limit++
	if page.Dialogs, err = s.store.Dialogs(ctx, q); err != nil {
		return Page{}, err
	}
	if len(page.Dialogs) == q.Limit {
		page.more = true
		if q.FromEnd {
			page.Dialogs = page.Dialogs[1:]
		} else {
			page.Dialogs = page.Dialogs[:q.Limit-1]
		}
	}
	return page, nil
}

// HasNext tells whether the list goes on after the page.
func (s *Service) HasNext(ctx context.Context, p *Page) (bool, error) {
	if !p.query.FromEnd {
		if p.more || p.query.Before == nil {
			return p.more, nil
		}
	}
	return s.beyond(ctx, p, p.query.Before, false)
}

// HasPrevious tells whether the list has something before the page.
func (s *Service) HasPrevious(ctx context.Context, p *Page) (bool, error) {
	if p.query.FromEnd {
		if p.more || p.query.After == nil {
			return p.more, nil
		}
	}
	return s.beyond(ctx, p, p.query.After, true)
}

// beyond looks for one dialog outside the page. An end that no cursor bounds
// is the list's own.
func (s *Service) beyond(ctx context.Context, p *Page, bound *Position, before bool) (bool, error) {
	if bound == nil {
		return false, nil
	}
	q := p.query
	q.Limit, q.FromEnd = 1, before
	if before {
		q.After = nil
	} else {
		q.Before = nil
	}
	switch n := len(p.Dialogs); {
	case n == 0: // whatever the other bound leaves lies beyond this one, or at it
	case before:
		q.Before = q.Order.position(&p.Dialogs[0])
	default:
		q.After = q.Order.position(&p.Dialogs[n-1])
	}
	found, err := s.store.Dialogs(ctx, q)
	return len(found) > 0, err
}

// CountAll tells how many dialogs the page's whole list has.
func (s *Service) CountAll(ctx context.Context, p *Page) (int, error) {
	return s.store.Count(ctx, p.query)
}

func (s *Service) query(ctx context.Context, c Caller, r ListRequest) (Query, string, error) {
	q := Query{User: c.User, Scope: r.Scope, Order: r.Order, Skip: r.Skip, Limit: DefaultPage}
	if q.Skip < 0 || q.Skip > MaxSkip {
		return q, "", invalidf("skip", "a page skips 0 to %d dialogs", MaxSkip)
	}
	if q.Skip > 0 && (r.Last.Given || r.After.Given || r.Before.Given) {
		return q, "", invalid("skip", "skip goes with first alone")
	}
	switch {
	case r.First.Given && r.Last.Given:
		return q, "", invalid("last", "first and last exclude each other")
	case r.First.Given:
		q.Limit = r.First.Value
	case r.Last.Given:
		q.Limit, q.FromEnd = r.Last.Value, true
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		field := "first"
		if q.FromEnd {
			field = "last"
		}
		return q, "", invalidf(field, "a page has 1 to %d dialogs", MaxPage)
	}
	var err error
	if q.Filter, err = s.filter(ctx, r.Filter); err != nil {
		return q, "", err
	}
	digest := listDigest(q.Scope, q.Filter, q.Order)
	if r.After.Given {
		if q.After, err = parseCursor("after", r.After.Value, digest, q.Order); err != nil {
			return q, "", err
		}
	}
	if r.Before.Given {
		if q.Before, err = parseCursor("before", r.Before.Value, digest, q.Order); err != nil {
			return q, "", err
		}
	}
	return q, digest, nil
}
