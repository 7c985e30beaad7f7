// Package peers measures the server beside what people would pick instead: the same
// three operations with the same rules on GraphQL servers of the npm ecosystem, and on
// a bare Go handler as the floor. It consists of tests; make bench-peers runs it.
//
// All servers work on copies of one SQLite database, with the same durability, and take
// turns within one run. What counts is therefore the ratio of two servers, not the
// microseconds, which depend on the machine.
package peers
