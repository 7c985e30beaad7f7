package graph

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// ResolveFields has a handler of this package resolve each field in this way.
func ResolveFields(handler http.Handler, by graphql.FieldMiddleware) {
	handler.(transports).run.fields = by //nolint:forcetypeassert // another one fails the test
}
