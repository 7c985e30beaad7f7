// Package dialogtest is what tests of the domain, of engines and of doors
// share: the decision table as data ([Table]), the people and dialogs that
// its cells are tried on ([People]), and a store in memory to try them with
// ([NewStore]).
//
// Its table is written out by hand and must not be made from the rules in
// package dialog: it is there to contradict them.
package dialogtest
