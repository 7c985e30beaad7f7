// Package api has what the two APIs share, so that neither does it a second
// time: the refusal that each renders in its own shape, the request's id and
// notes for its log line, and exact JSON.
//
// It must know neither GraphQL nor QuickBlox, nor who checks credentials.
package api
