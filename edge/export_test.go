package edge

import (
	"context"
	"net/http"

	"dialogs/api"
)

// Begin begins and ends a request as [Logged] does it.
func (o *Observer) Begin(r *http.Request, request *api.Request) context.Context {
	ctx, end := o.begin(r.Context(), r)
	end(http.StatusOK, request)
	return ctx
}
