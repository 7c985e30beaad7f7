// Package edge has everything that a request passes through before it reaches an API:
// guards that decide whether it may come in, the health endpoints, and the HTTP server
// itself.
//
// There is one [Guard] per file. The program combines them in one visible list (package
// cli). A guard knows HTTP and credentials, but must not know GraphQL, QuickBlox or a
// store: refusals are answered by the [api.Refuser] of the API behind it.
package edge
