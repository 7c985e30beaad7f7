// Package sqlite is the embedded store: a [dialog.Store] in one SQLite database,
// with a driver in pure Go.
//
// One goroutine writes. The updates that wait share one transaction and its one
// fsync, and one can fail without the others. None is acknowledged before that.
// Callers take turns, and a transaction is bounded by its statements, so that a
// caller with many writes does not delay the others. Reads have their own pool
// of connections, which the write-ahead log (WAL) allows to run beside the
// writer. Other processes may open the same database at the same time: the
// command line does.
//
// A dialog is one row. A separate narrow table, ordered by user, has what lists
// need to know about its members. An update only changes the rows of those who
// join or leave.
//
// The package must not know who may do what: it loads, lets [dialog.Plan]
// decide, and saves.
package sqlite
