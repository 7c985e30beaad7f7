package dialog

import (
	"fmt"
	"slices"
	"time"
)

// A WebhookStatus is whether a webhook is served.
type WebhookStatus int

// The states of a webhook.
const (
	// WebhookActive is served.
	WebhookActive WebhookStatus = iota + 1
	// WebhookPaused was paused by an operator. What changes meanwhile is
	// delivered when it is resumed.
	WebhookPaused
	// WebhookDisabled was given up: its receiver answered 410, or failed for
	// too long.
	WebhookDisabled
)

// String returns the state in prose.
func (s WebhookStatus) String() string {
	switch s {
	case WebhookActive:
		return "active"
	case WebhookPaused:
		return "paused"
	case WebhookDisabled:
		return "disabled"
	}
	return "unknown"
}

// A Webhook is an address that learns of changes.
type Webhook struct {
	ID     ID            `json:"id"`
	URL    string        `json:"url"`
	Status WebhookStatus `json:"status"`
	Filter WebhookFilter `json:"filter"`
	// WithDialog means that each delivery carries the dialog as it is.
	WithDialog bool `json:"with_dialog,omitempty"`
	// Secrets sign the deliveries, the newest first.
	Secrets []WebhookSecret `json:"secrets"`
	// CreatedAt and the other instants are UTC, in whole milliseconds.
	CreatedAt time.Time `json:"created_at"`
	// ResumedAt is when it last became active; failures of before count no
	// more.
	ResumedAt time.Time `json:"resumed_at"`
	// Replays counts how often everything after an instant was asked for again,
	// and ReplaySince is the latest such instant.
	Replays     int64     `json:"replays,omitempty"`
	ReplaySince time.Time `json:"replay_since,omitzero"`
	// GaveUp is why it was disabled; empty when it was not.
	GaveUp string `json:"gave_up,omitempty"`
	// Revision counts the definitions from 1, for compare-and-set.
	Revision int64 `json:"revision"`
}

// A WebhookSecret is a key that signs deliveries, sealed with a key that is made of
// the server's secret.
type WebhookSecret struct {
	Sealed []byte `json:"sealed"`
	// Until is when it stops signing; zero for the present one.
	Until time.Time `json:"until,omitzero"`
}

// A WebhookFilter selects the changes that a webhook learns of: those that meet all
// conditions. A list of none is no condition.
type WebhookFilter struct {
	Kinds []RecordKind `json:"kinds,omitempty"`
	// Aspects select updates only: creations and deletions always meet this.
	Aspects []Aspect `json:"aspects,omitempty"`
	Types   []Type   `json:"types,omitempty"`
	// Classes select dialogs that have custom data of any of these classes.
	Classes []string `json:"classes,omitempty"`
}

// Accepts reports whether a record of the dialog meets all conditions.
func (f *WebhookFilter) Accepts(d *Dialog, r *Record) bool {
	meets := func(any bool, found bool) bool { return any || found }
	has := func(class string) bool { return len(d.Custom[class]) > 0 }
	changed := func(a Aspect) bool { return slices.Contains(r.Changed, a) }
	return meets(f.Kinds == nil, slices.Contains(f.Kinds, r.Kind)) &&
		meets(f.Aspects == nil || r.Kind != Updated, slices.ContainsFunc(f.Aspects, changed)) &&
		meets(f.Types == nil, slices.Contains(f.Types, d.Type)) &&
		meets(f.Classes == nil, slices.ContainsFunc(f.Classes, has))
}

// A WebhookProgress is how far the deliveries of a webhook have come.
type WebhookProgress struct {
	// Mark is a place before which everything was delivered, but for the Held
	// dialogs; empty when nothing was read yet. At is when it was read.
	Mark Mark      `json:"mark,omitempty"`
	At   time.Time `json:"at,omitzero"`
	// Sent are dialogs that changed lately, with the version up to which they were
	// delivered.
	Sent []WebhookDialog `json:"sent,omitempty"`
	// Held are the dialogs whose delivery failed and is tried again.
	Held []HeldDialog `json:"held,omitempty"`
	// Replays is how many replays were begun, of those in the webhook.
	Replays int64 `json:"replays,omitempty"`
	// GapOwed means that the receiver must learn that it missed changes: it is to
	// read everything again.
	GapOwed bool `json:"gap_owed,omitempty"`
	// LastError is the last failure, empty when the last delivery succeeded.
	LastError string `json:"last_error,omitempty"`
	// FailingSince is when the first delivery failed after the last that
	// succeeded; zero when the last one succeeded.
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// A WebhookDialog is how much of a dialog was delivered.
type WebhookDialog struct {
	ID      ID    `json:"i"`
	Version int64 `json:"v"`
}

// A HeldDialog is a dialog whose next change could not be delivered yet.
type HeldDialog struct {
	ID ID `json:"i"`
	// Next is the version that is delivered next.
	Next int64 `json:"n"`
	// Attempts is how many attempts have failed.
	Attempts int `json:"a"`
	// At is when it is tried again.
	At time.Time `json:"t"`
	// Missed is the last version that was given up, 0 for none: the receiver must
	// learn of the gap before anything else of this dialog.
	Missed int64 `json:"m,omitempty"`
}

// MaxWebhooks is how many webhooks a store keeps.
const MaxWebhooks = 100

// ErrWebhookNotFound is the error for a webhook that does not exist.
func ErrWebhookNotFound(id ID) error {
	return &Error{Code: NotFound, Field: "id", Message: fmt.Sprintf("there is no webhook with the id %s", id)}
}

// ErrTooManyWebhooks is the error for a webhook beyond [MaxWebhooks].
func ErrTooManyWebhooks() error {
	return &Error{Code: Conflict, Message: fmt.Sprintf("too many webhooks (limit %d): remove one first", MaxWebhooks)}
}
