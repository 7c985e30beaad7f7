// Package cli is the program: its commands, its settings, and how they put the
// parts of the server together. [Run] is all of it, so that any test can run
// the real thing.
package cli
