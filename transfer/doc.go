// Package transfer moves whole stores: it copies everything from one to another
// and proves that both are the same, imports dialogs from other services, and has the
// format of backups.
//
// It goes through the ports of package dialog alone and must not know which
// engines there are. It can be stopped at any point and run again.
package transfer
