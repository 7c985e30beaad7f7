// Package live measures live updates under load. Its tests are the generator of the
// load, in a process of its own beside the server's.
package live
