package graph

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// ResolveFields makes a handler of this package resolve each field with this function.
func ResolveFields(handler http.Handler, by graphql.FieldMiddleware) {
	if t, ok := handler.(transports); ok {
		t.run.fields = by
	}
}
