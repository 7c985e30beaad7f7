// Package api has what the two APIs share: the refusal that each renders in its
// own shape, the request's id and the notes for its log line, and exact JSON.
//
// It must not know GraphQL or QuickBlox, nor how credentials are checked.
package api
