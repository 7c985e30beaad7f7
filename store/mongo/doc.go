// Package mongo is the store for large deployments: dialogs in MongoDB, or in a
// service that is compatible with it.
//
// An ordinary change is one findAndModify and no other command (straight.go).
// Its filter checks everything that [dialog.Plan.Decide] would check, so that
// one command decides and writes. Other changes take several steps, here called
// the long way (update.go): read, decide, write if the version is still the
// same. There are no transactions, update pipelines or scripts, so a standalone
// server, a replica set, a sharded cluster and the compatible services all
// work.
//
// Everything that must be unique is claimed by a separate document before its
// dialog is created (create.go). No unique index is needed except _id: every
// collection can be sharded by hashed _id.
//
// The package must not know the rules: it asks the plan and stores the result.
package mongo
