// Package lanes wraps a [dialog.Store] and keeps expensive reads from delaying
// cheap ones. Lists and counts run in a few lanes, in which callers take turns,
// so that no caller delays the lookups of another, however many they request. Pages of
// a user's own dialogs have lanes apart from searches: they are what clients show first.
// It also limits the rows that one operation makes a store read.
//
// It works with any engine, only through the port, and must not know which one
// it is. Sign-in, health checks and single dialogs never wait here.
package lanes
