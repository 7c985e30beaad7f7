package quickblox

import (
	"net/http"

	"dialogs/dialog"
)

// pageLimit is how many dialogs a page has at most, and unless it is told.
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
func (d *door) list(r *request) (answer, error) {
	list, onlyCount, err := listOf(r.params)
	if err != nil {
		return answer{}, err
	}
	if onlyCount {
		list.First = dialog.Some(1)
	}
	page, err := d.Service.List(r.Context(), r.caller, list)
	if err != nil {
		return answer{}, err
	}
	total, err := d.Service.CountAll(r.Context(), &page)
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
	limit, err := p.takeNumber("limit")
	if err != nil {
		return list, false, err
	}
	if !limit.Given || limit.Value > pageLimit {
		limit = dialog.Some(pageLimit)
	}
	list.First = limit
	skip, err := p.takeNumber("skip")
	if err != nil {
		return list, false, err
	}
	list.Skip = skip.Value
	if list.Order, err = p.takeOrder(); err != nil {
		return list, false, err
	}
	if onlyCount, err = p.takeFlag("count"); err != nil {
		return list, false, err
	}
	if list.Filter, err = p.takeFilter(); err != nil {
		return list, false, err
	}
	return list, onlyCount, p.rest("")
}

// takeOrder takes sort_asc and sort_desc, of which there may be one.
func (p params) takeOrder() (dialog.Order, error) {
	order := dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}
	given := false
	for _, name := range []string{"sort_asc", "sort_desc"} {
		field, _, err := p.takeText(name)
		if err != nil {
			return order, err
		}
		if !field.Given {
			continue
		}
		if given {
			return order, invalid(name, "a list has one order: sort_asc or sort_desc")
		}
		given, order.Descending = true, name == "sort_desc"
		switch field.Value {
		case "created_at":
			order.Field = dialog.ByCreatedAt
		case "updated_at", "last_message_date_sent": // without messages all are the same
			order.Field = dialog.ByUpdatedAt
		case "name":
			order.Field = dialog.ByName
		default:
			return order, invalid(name, "takes created_at, updated_at, last_message_date_sent or name")
		}
	}
	return order, nil
}
