// Package live sends changes to callers as they happen.
//
// A [Hub] reads the changes of the store, once for all watches, and hands them
// to each [Watch]. It has no state that could contradict the store: what a
// caller gets is read from the dialogs and their records, and permission to see
// it is checked for each record.
//
// It must not know any API or engine.
package live
