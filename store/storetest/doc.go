// Package storetest is the contract of the port [dialog.Store] as tests.
//
// [Run] is the suite: every engine runs all of it, and its own test file only
// creates its database. [CheckModel] compares an engine with the reference
// engine, package memory, under random operations; [Differential] compares two
// engines. Everything that two engines could disagree on belongs here: the case
// of ids, order, ties, what empty means, the text of an error.
//
// The package must not know any engine except the reference.
package storetest
