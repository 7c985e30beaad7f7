// Package dialogjson writes dialogs and their changes as JSON, with the names of the
// GraphQL schema: for webhooks, exports and the command line.
package dialogjson
