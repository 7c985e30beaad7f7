// Package dialog is the domain: what a dialog is, who may do what to it, and
// what a change comes to.
//
// Its heart is pure. [Plan.Decide] takes a dialog as it is and answers with
// the dialog as it will be and the record of what changed, or with a denial;
// every rule it applies is a row of the table in rules.go. A [Service] puts
// the heart behind a [Store], and an engine that implements [Store] must come
// to the very same result by whatever commands suit its database.
//
// The package must not know GraphQL, HTTP, SQL or MongoDB: it imports the
// standard library alone.
package dialog
