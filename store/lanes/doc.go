// Package lanes wraps a [dialog.Store] and keeps expensive reads from delaying cheap ones.
// Lists and counts run in a limited number of lanes, in which callers take turns: so no
// caller delays the reads of another one, however many they request. Pages of a user's own
// dialogs have separate lanes from searches, because they are what clients show first.
// What waits for a lane holds no memory for its result: that is taken afterwards
// ([dialog.Room]). The package also limits how many rows one operation makes a store read.
//
// It works with any engine, only uses the port, and must not know which engine it is.
// Sign-in, health checks and reads of single dialogs never wait here.
package lanes
