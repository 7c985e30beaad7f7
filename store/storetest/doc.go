// Package storetest is the contract of the port [dialog.Store] as tests.
//
// [Run] is the suite: every engine runs all of it, and its own test file only
// says how a database of its kind is made. [CheckModel] holds an engine
// against the [Memory] store under random operations, [Differential] holds two
// engines against each other. Whatever two engines could disagree on, such as
// the case of ids, order, ties, or what empty means, belongs here.
//
// The package must not know any engine.
package storetest
