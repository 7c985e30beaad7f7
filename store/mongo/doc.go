// Package mongo is the store for large deployments: it keeps dialogs in MongoDB, or in a
// compatible service.
//
// An ordinary change is a single command, findAndModify (straight.go). Its filter checks
// everything that [dialog.Plan.Decide] would check, so that one command both decides and
// writes. Other changes take several steps, here called the long way (update.go): read,
// decide, and write if the version is still the same. There are no transactions, update
// pipelines or scripts, so it works with a standalone server, a replica set, a sharded
// cluster and the compatible services.
//
// Everything that must be unique is claimed in a separate document before its dialog is
// created (create.go). No unique index is needed except the one of _id, so every
// collection can be sharded by hashed _id.
//
// The package must not contain any rules: it asks the plan, and stores the result.
package mongo
