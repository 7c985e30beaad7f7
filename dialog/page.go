package dialog

import "context"

// The bounds of a page of a list.
const (
	DefaultPage = 20
	MaxPage     = 100
	// MaxSkip limits the cost of a page that skips.
	MaxSkip = 100_000
)

// A ListRequest is a page of a list, as the caller asked for it.
type ListRequest struct {
	Scope         Scope
	Filter        FilterInput
	Order         Order
	First, Last   Optional[int]
	After, Before Optional[string]
	// Skip leaves out that many dialogs at the start of the list, for APIs
	// with numbered pages. It can only be combined with First. A page costs as
	// much as it skips, and a dialog that changes between two pages may appear
	// twice or not at all; cursors have neither problem.
	Skip int
}

// A Page is one page of a list.
type Page struct {
	Dialogs []Dialog
	query   Query
	digest  string
	// more means that the list continues after the page, or with Last before
	// it.
	more bool
}

// Cursor returns the cursor of the page's i-th dialog.
func (p *Page) Cursor(i int) string {
	return encodeCursor(p.digest, p.query.Order, &p.Dialogs[i])
}

// List returns a page of the dialogs in the scope that the caller may see.
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

// HasNext reports whether the list continues after the page.
func (s *Service) HasNext(ctx context.Context, p *Page) (bool, error) {
	if !p.query.FromEnd {
		if p.more || p.query.Before == nil {
			return p.more, nil
		}
	}
	return s.beyond(ctx, p, p.query.Before, false)
}

// HasPrevious reports whether the list has dialogs before the page.
func (s *Service) HasPrevious(ctx context.Context, p *Page) (bool, error) {
	if p.query.FromEnd {
		if p.more || p.query.After == nil {
			return p.more, nil
		}
	}
	return s.beyond(ctx, p, p.query.After, true)
}

// beyond looks for one dialog outside the page. An end without a cursor is the
// end of the list.
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
	case n == 0: // what the other bound selects lies at this bound, or beyond it
	case before:
		q.Before = q.Order.position(&p.Dialogs[0])
	default:
		q.After = q.Order.position(&p.Dialogs[n-1])
	}
	found, err := s.store.Dialogs(ctx, q)
	return len(found) > 0, err
}

// CountAll returns the number of dialogs in the whole list of the page.
func (s *Service) CountAll(ctx context.Context, p *Page) (int, error) {
	return s.store.Count(ctx, p.query)
}

func (s *Service) query(ctx context.Context, c Caller, r ListRequest) (Query, string, error) {
	q := Query{User: c.User, Scope: r.Scope, Order: r.Order, Skip: r.Skip, Limit: DefaultPage}
	if q.Skip < 0 || q.Skip > MaxSkip {
		return q, "", invalidf("skip", "skip must be between 0 and %d", MaxSkip)
	}
	if q.Skip > 0 && (r.Last.Given || r.After.Given || r.Before.Given) {
		return q, "", invalid("skip", "skip can only be combined with first")
	}
	switch {
	case r.First.Given && r.Last.Given:
		return q, "", invalid("last", "first and last cannot be combined")
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
		return q, "", invalidf(field, "%s must be between 1 and %d", field, MaxPage)
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
