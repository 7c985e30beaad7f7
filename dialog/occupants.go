package dialog

// An OccupantPage is one page of a dialog's occupants, in the order in which they
// joined.
type OccupantPage struct {
	Occupants []UserID
	// HasNext and HasPrevious tell whether there are occupants after and before
	// the page.
	HasNext, HasPrevious bool

	dialog *Dialog
	start  int
}

// OccupantPage returns at most first occupants: those after the cursor if there is
// one. Everyone who stays in the dialog is on exactly one page, even if others
// join, leave or come back between two pages. A cursor is invalid when all of the
// occupants around it have left.
func (d *Dialog) OccupantPage(first int, after Optional[string]) (OccupantPage, error) {
	if first < 1 || first > MaxPage {
		return OccupantPage{}, invalidf("first", "first must be between 1 and %d", MaxPage)
	}
	start := 0
	if after.Given {
		place, err := parsePlace("after", after.Value, d)
		if err != nil {
			return OccupantPage{}, err
		}
		var found bool
		if start, found = place.find(d); !found {
			return OccupantPage{}, invalid("after", "invalid cursor: the occupants around it have left; start again with the first page")
		}
	}
	end := min(start+first, len(d.Occupants))
	return OccupantPage{
		Occupants: d.Occupants[start:end], HasNext: end < len(d.Occupants), HasPrevious: start > 0,
		dialog: d, start: start,
	}, nil
}

// Cursors returns the cursors of the page's occupants.
func (p *OccupantPage) Cursors() []string {
	all := p.dialog.Occupants
	from, to := max(0, p.start-placeSeen+1), min(p.start+len(p.Occupants)+placeAhead, len(all))
	marks := make([]occupantMark, to-from)
	for i := range marks {
		marks[i] = p.dialog.mark(all[from+i])
	}
	cursors := make([]string, len(p.Occupants))
	for i := range cursors {
		at := p.start + i - from // the occupant among the marks
		place := occupantPlace{
			index: p.start + i,
			seen:  marks[max(0, at-placeSeen+1) : at+1],
			ahead: marks[at+1 : min(at+1+placeAhead, len(marks))],
		}
		cursors[i] = place.text(p.dialog)
	}
	return cursors
}
