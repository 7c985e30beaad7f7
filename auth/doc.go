// Package auth finds out who is calling: it turns the credentials of a
// request into a [dialog.Caller], in the same way for HTTP and WebSocket, and
// makes the credentials that this server gives out.
//
// It knows nothing of rules, of GraphQL, or of how a refusal looks on the wire:
// an [Error] tells the status and the sentence, a door writes them. Everything
// here fails closed, and no error and no log line holds a credential.
package auth
