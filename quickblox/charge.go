package quickblox

import (
	"strings"

	"dialogs/api"
)

// charge counts a request against the rate limits of its caller, by its size:
// one that deletes 50 dialogs counts as 50.
func charge(r *request) error {
	calls, values := 1+strings.Count(r.PathValue("ids"), ","), 0
	for _, v := range r.params.values {
		values += api.Leaves(v)
	}
	return api.Charge(r.Context(), api.Units(calls, values, 0))
}
