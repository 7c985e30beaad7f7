// Package dialogtest has what the tests of the domain, the engines and the
// APIs share: the decision table as data ([Table]), and the people and dialogs
// that its cells are tried on ([People]).
//
// The table is written by hand. It must not be generated from the rules in
// package dialog: it is there to contradict them.
package dialogtest
