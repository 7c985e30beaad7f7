// Package edge has everything that a request passes before the APIs: guards
// that decide whether it may come in, the health endpoints, and serving itself.
//
// There is one guard per file, and each is a [Guard]. The program composes
// them in one visible list (package cli). A guard knows HTTP and credentials;
// it must not know GraphQL, QuickBlox or a store: what it refuses is answered
// by the [api.Refuser] of the API behind it.
package edge
