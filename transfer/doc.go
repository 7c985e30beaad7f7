// Package transfer moves whole stores: it copies everything from one store to another and
// verifies that both are the same, imports dialogs from other services, exports dialogs,
// and defines the format of backups.
//
// It only uses the ports of package dialog, and must not know which engines there are.
// Copies, exports and imports can be interrupted at any point, and resume when they are
// run again.
package transfer
