// Package webhook tells other systems what changes: signed, in the order of each
// dialog, and at least once, as Standard Webhooks 1.0.0 specifies
// (https://www.standardwebhooks.com).
package webhook
