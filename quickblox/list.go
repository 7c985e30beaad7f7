package quickblox

import (
	"net/http"

	"dialogs/dialog"
)

// pageLimit is how many dialogs a page has at most, and by default.
const pageLimit = dialog.MaxPage

type listView struct {
	TotalEntries int          `json:"total_entries"`
	Skip         int          `json:"skip"`
	Limit        int          `json:"limit"`
	Items        []dialogView `json:"items"`
}

type countView struct {
	Items struct {
		Count int `json:"count"`
	} `json:"items"`
}

// list answers with a page of what the caller may see, or with how many there
// are.
func (d *handler) list(r *request) (answer, error) {
	list, onlyCount, err := listOf(r.params)
	if err != nil {
		return answer{}, err
	}
	if onlyCount {
		list.First = dialog.Some(1)
	}
	page, err := d.load(r, list)
	if err != nil {
		return answer{}, err
	}
	total, err := d.total(r, &page, list.Skip)
	if err != nil {
		return answer{}, err
	}
	if onlyCount {
		var count countView
		count.Items.Count = total
		return answer{http.StatusOK, count}, nil
	}
	view := listView{TotalEntries: total, Skip: list.Skip, Limit: list.First.Value, Items: []dialogView{}}
	for i := range page.Dialogs {
		view.Items = append(view.Items, r.view(&page.Dialogs[i], classOf(list.Filter.Custom)))
	}
	return answer{http.StatusOK, view}, nil
}

// listOf reads what a list is asked for.
func listOf(p params) (list dialog.ListRequest, onlyCount bool, err error) {
	list.Scope = dialog.Visible
	for name, value := range p.values {
		if err := p.checkLists(value, shown(name)); err != nil {
			return list, false, err
		}
	}
	limit, err := p.takeNumber("limit")
	if err != nil {
		return list, false, err
	}
	if limit.Given && limit.Value < 1 {
		p.ignore("limit")
	}
	if limit.Value < 1 || limit.Value > pageLimit {
		limit = dialog.Some(pageLimit)
	}
	list.First = limit
	skip, err := p.takeNumber("skip")
	if err != nil {
		return list, false, err
	}
	if skip.Value < 0 {
		p.ignore("skip")
	}
	list.Skip = max(skip.Value, 0)
	list.Order = p.takeOrder()
	if onlyCount, err = p.takeFlag("count"); err != nil {
		return list, false, err
	}
	list.Filter, err = p.takeFilter()
	return list, onlyCount, err
}

// orders are the fields that a list can be sorted by.
var orders = map[string]dialog.OrderField{
	"created_at":             dialog.ByCreatedAt,
	"updated_at":             dialog.ByUpdatedAt,
	"last_message_date_sent": dialog.ByUpdatedAt, // without messages all are the same
	"name":                   dialog.ByName,
}

// takeOrder takes sort_asc and sort_desc. A list has one order: the first that
// is known here.
func (p params) takeOrder() dialog.Order {
	order := dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}
	given := false
	for _, name := range []string{"sort_asc", "sort_desc"} {
		value, _ := p.take(name)
		fields, isList := value.([]any)
		if !isList && value != nil {
			fields = []any{value}
		}
		for _, field := range fields {
			text, _ := text(field)
			if known, ok := orders[text]; ok && !given {
				order = dialog.Order{Field: known, Descending: name == "sort_desc"}
				given = true
				continue
			}
			p.ignore(name)
		}
	}
	return order
}
