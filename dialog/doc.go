// Package dialog is the domain: what a dialog is, who may do what to it, and
// what a change results in.
//
// The core is pure. [Plan.Decide] takes a dialog as it is and returns the
// dialog after the change and the record of what changed, or a denial. Every
// rule it applies is a row of the plan's [Policy] (rules.go). A [Service]
// connects the core with a [Store]. An engine implements Store and must come to
// exactly the same result, with the commands that suit its database.
//
// The package must not know GraphQL, HTTP, SQL or MongoDB: it imports only the
// standard library, and golang.org/x/text to fold names.
package dialog
