package graph

import (
	"context"
	"log/slog"
	"time"

	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/live"
	"dialogs/webhook"
)

// Sessions creates session tokens.
type Sessions interface {
	// Mint returns a token that signs the user in for the duration ttl, and the time at
	// which it expires. A ttl outside the limits is a [dialog.Invalid] error.
	Mint(user dialog.UserID, ttl time.Duration) (token string, expiresAt time.Time, err error)
}

// Users controls the credentials of users.
type Users interface {
	// EndUserSessions ends all session tokens of a user that were issued before now.
	EndUserSessions(ctx context.Context, user dialog.UserID) error
	// SuspendUser rejects all credentials of a user, until it is called with suspended set
	// to false.
	SuspendUser(ctx context.Context, user dialog.UserID, suspended bool) error
}

// resolver resolves the root fields of the schema, and those fields of other types that
// need the service.
type resolver struct {
	service  *dialog.Service
	hub      *live.Hub
	sessions Sessions
	webhooks *webhook.Admin
	users    Users
	caller   func(context.Context) dialog.Caller
	log      *slog.Logger
}

func (r *resolver) Query() generated.QueryResolver               { return queries{r} }
func (r *resolver) Mutation() generated.MutationResolver         { return mutations{r} }
func (r *resolver) Subscription() generated.SubscriptionResolver { return subscriptions{r} }
func (r *resolver) Dialog() generated.DialogResolver             { return dialogs{r} }
