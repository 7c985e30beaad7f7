package graph

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/api"
)

// ResolveFields makes a handler of this package resolve each field with this function.
func ResolveFields(handler http.Handler, by graphql.FieldMiddleware) {
	if t, ok := handler.(transports); ok {
		t.run.fields = by
	}
}

// Parameters reads the body of a request, if it has the usual form, and as any other one.
func Parameters(body []byte) (usual any, ok bool, exact any, err error) {
	read, ok := readUsual(body)
	var p params
	err = api.UnmarshalExact(body, &p)
	return read, ok, p, err
}

// Untraced begins and ends an operation as a handler without a tracer does it.
func Untraced(ctx context.Context) context.Context {
	ctx, end := (&runner{}).traced(ctx, &execution{})
	end()
	return ctx
}
