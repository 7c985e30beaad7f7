package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
	"dialogs/graph/model"
	"dialogs/webhook"
)

func (q queries) Webhooks(ctx context.Context) ([]model.Webhook, error) {
	all, err := q.webhooks.List(ctx, q.caller(ctx))
	if err != nil {
		return nil, err
	}
	list := make([]model.Webhook, len(all)) // null would say that something was refused
	for i, w := range all {
		list[i] = model.Webhook{Listed: w}
	}
	return list, nil
}

func (m mutations) CreateWebhook(ctx context.Context, input model.CreateWebhookInput) (*model.CreateWebhookPayload, error) {
	w, secret, err := m.webhooks.Create(ctx, m.caller(ctx), webhook.Spec{
		URL: dialog.Some(input.URL), WithDialog: dialog.Some(input.WithDialog),
		Kinds: condition(input.Kinds), Aspects: condition(input.Aspects), Types: condition(input.Types), Classes: condition(input.CustomClasses),
	})
	if err != nil {
		return nil, err
	}
	return &model.CreateWebhookPayload{Webhook: model.Webhook{Listed: w}, Secret: secret}, nil
}

func (m mutations) UpdateWebhook(ctx context.Context, id string, input model.UpdateWebhookInput) (*model.UpdateWebhookPayload, error) {
	spec := webhook.Spec{
		URL: given(input.URL), WithDialog: given(input.WithDialog), Status: given(input.Status),
		Kinds: omittable(input.Kinds), Aspects: omittable(input.Aspects), Types: omittable(input.Types), Classes: omittable(input.CustomClasses),
	}
	w, err := m.webhooks.Update(ctx, m.caller(ctx), id, spec)
	if err != nil {
		return nil, err
	}
	return &model.UpdateWebhookPayload{Webhook: model.Webhook{Listed: w}}, nil
}

func (m mutations) DeleteWebhook(ctx context.Context, id string) (*model.DeleteWebhookPayload, error) {
	deleted, err := m.webhooks.Delete(ctx, m.caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &model.DeleteWebhookPayload{DeletedID: string(deleted)}, nil
}

func (m mutations) RotateWebhookSecret(ctx context.Context, id string) (*model.RotateWebhookSecretPayload, error) {
	w, secret, err := m.webhooks.Rotate(ctx, m.caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &model.RotateWebhookSecretPayload{Webhook: model.Webhook{Listed: w}, Secret: secret}, nil
}

func (m mutations) ReplayWebhook(ctx context.Context, id string, since time.Time) (*model.ReplayWebhookPayload, error) {
	w, err := m.webhooks.Replay(ctx, m.caller(ctx), id, since)
	if err != nil {
		return nil, err
	}
	return &model.ReplayWebhookPayload{Webhook: model.Webhook{Listed: w}}, nil
}

// condition converts a list that may be left out.
func condition[T any](list []T) dialog.Optional[[]T] {
	return dialog.Optional[[]T]{Value: list, Given: list != nil}
}

// omittable converts a list that may be left out. Null removes the condition.
func omittable[T any](list graphql.Omittable[[]T]) dialog.Optional[[]T] {
	return dialog.Optional[[]T]{Value: list.Value(), Given: list.IsSet()}
}
