// Package servertest starts the real program for tests: in the test's own
// process, or as a process of its own that can be killed. Each server has a
// free port and, unless told otherwise, a store of its own; it is stopped with
// the test.
//
// It only uses the program from outside: its command line, its log, its files
// and its APIs.
package servertest
