// Package mongo is the store that grows: dialogs in MongoDB, or in a service
// that speaks its protocol.
//
// An ordinary change is one findAndModify and nothing else (straight.go): its
// filter proves what [dialog.Plan.Decide] would have found, so that one
// command is the decision and the deed. What that can't say goes the long way
// (update.go): read, decide, write if the version is still the same. There
// are no transactions, no update pipelines and no scripts, so that a
// standalone server, a replica set, a sharded cluster and the compatible
// services all serve.
//
// What must be unique is claimed by a document of its own before its dialog is
// made (create.go), and nothing needs a unique index beyond _id: every
// collection can be sharded by hashed _id.
//
// The package must not know rules: it asks the plan, and keeps what comes out.
package mongo
