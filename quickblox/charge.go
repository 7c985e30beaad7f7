package quickblox

import (
	"strconv"
	"strings"

	"dialogs/api"
)

// fieldsOfView is about how many fields the view of a dialog has.
const fieldsOfView = 16

// charge counts a request against the rate limits of its caller, by its size:
// one that deletes 50 dialogs counts as 50.
func charge(r *request, e endpoint) error {
	calls, values, fields := 1+strings.Count(r.PathValue("ids"), ","), 0, 0
	for _, v := range r.params.values {
		values += leaves(v)
	}
	if e.page {
		fields = pageOf(r.params) * fieldsOfView
	}
	return api.Charge(r.Context(), api.Units(calls, values, fields))
}

// leaves counts the values of a parameter: a list may also be one text,
// separated by commas.
func leaves(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			n += leaves(element)
		}
	case map[string]any:
		for _, element := range v {
			n += leaves(element)
		}
	default:
		text, _ := text(v)
		n = 1 + strings.Count(text, ",")
	}
	return n
}

// pageOf is how many dialogs the page may have that a request asks for.
func pageOf(p params) int {
	limit, _ := text(p.values["limit"])
	if n, err := strconv.Atoi(limit); err == nil && n > 0 && n < pageLimit {
		return n
	}
	return pageLimit
}
