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

// List identifies the list that the page is part of, by its scope, filter and
// order.
func (p *Page) List() string { return p.digest }

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

// CountAll returns the number of dialogs in the whole list of the page.
func (s *Service) CountAll(ctx context.Context, p *Page) (int, error) {
	return s.store.Count(ctx, p.query)
}

func (s *Service) query(ctx context.Context, c Caller, r ListRequest) (Query, string, error) {
	q := Query{User: c.User, By: c.Actor(), Scope: r.Scope, Order: r.Order, Skip: r.Skip, Limit: DefaultPage}
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
