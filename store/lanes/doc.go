// Package lanes stands before a [dialog.Store] and keeps what reads much apart
// from what reads little. Lists and counts run in a few lanes, in which callers
// take turns, so that no caller delays the look-ups of another, however many they
// ask for. The rows that one operation makes a store read are bounded.
//
// It works with any engine, through the port alone, and must not know which one
// it stands before. Sign-in, health checks and single dialogs never wait here.
package lanes
