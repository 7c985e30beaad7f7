// Package sqlite is the embedded store: a [dialog.Store] in one SQLite
// database, through a driver that is Go alone.
//
// One goroutine writes. Updates that wait are done in one transaction, each in
// a savepoint of its own, and share its one fsync; none is acknowledged before
// it. Reads have a pool of connections of their own, which the log-structured
// journal (WAL) lets go on beside the writer. Another process, such as the
// server's own command line, may open the same database at the same time.
//
// A dialog is one row. What lists need of the people in it is in a table of
// its own, narrow and ordered by user, in which nothing changes with an
// update but who comes and goes.
//
// The package must not know who may do what: it loads, lets [dialog.Plan]
// decide, and saves.
package sqlite
