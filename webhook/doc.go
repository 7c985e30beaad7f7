// Package webhook tells other systems what changes, as specified by Standard Webhooks
// 1.0.0 (https://www.standardwebhooks.com). Deliveries are signed, each change is
// delivered at least once, and the changes of each dialog are delivered in order.
package webhook
