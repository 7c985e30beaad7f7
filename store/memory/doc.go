// Package memory is the reference engine: the contract of [dialog.Store] in
// its plainest form, as maps under one lock and lists that look at every
// dialog. Tests compare the other engines with it, and use it wherever they
// need a store and no database. It keeps nothing when the process ends.
package memory
