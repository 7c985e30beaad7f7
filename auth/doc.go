// Package auth finds out who is calling: it turns the credentials of a request
// into a [dialog.Caller], in the same way for HTTP and WebSocket. It also creates
// the credentials that this server issues.
//
// It must not know the rules, GraphQL, or the form of a refusal on the wire: an
// [Error] has the status and the sentence, and an API writes them. Everything
// here fails closed, and no error and no log line contains a credential.
package auth
