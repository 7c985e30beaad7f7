// Package live tells callers what changes, as it happens.
//
// A [Hub] reads the changes of the store, once for all watches, and hands them to
// each [Watch]. It carries no truth of its own: what a caller gets is read from the
// dialogs and their records, and whether they may see it is judged for each record.
//
// It must not know any API or engine.
package live
