package dialog

import "context"

// Cursor returns the cursor of the page's i-th dialog.
func (p *Page) Cursor(i int) string {
	return p.cursorAt(p.query.Order.position(&p.Dialogs[i]))
}

// StartCursor returns the cursor before which the list continues: that of the first
// dialog, or for an empty page, one of the place where it is. It is empty when
// the page is, and no cursor was given for it.
func (p *Page) StartCursor() string { return p.cursorAt(p.start()) }

// EndCursor returns the cursor after which the list continues, like StartCursor.
func (p *Page) EndCursor() string { return p.cursorAt(p.end()) }

func (p *Page) cursorAt(at *Position) string {
	if at == nil {
		return ""
	}
	return encodeCursor(p.digest, p.query.Order, at)
}

// start is the position before which the list continues; nil at its start.
func (p *Page) start() *Position {
	switch q := p.query; {
	case len(p.Dialogs) > 0:
		return q.Order.position(&p.Dialogs[0])
	case q.Before != nil:
		return q.Before
	case q.After != nil:
		return q.Order.beside(q.After, true)
	}
	return nil
}

// end is the position after which the list continues; nil at its end.
func (p *Page) end() *Position {
	switch q := p.query; {
	case len(p.Dialogs) > 0:
		return q.Order.position(&p.Dialogs[len(p.Dialogs)-1])
	case q.After != nil:
		return q.After
	case q.Before != nil:
		return q.Order.beside(q.Before, false)
	}
	return nil
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
	q.Limit, q.Skip, q.FromEnd = 1, 0, before
	if before {
		q.After, q.Before = nil, p.start()
	} else {
		q.After, q.Before = p.end(), nil
	}
	found, err := s.store.Dialogs(ctx, q)
	return len(found) > 0, err
}
