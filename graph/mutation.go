package graph

import (
	"context"
	"time"

	"dialogs/dialog"
	"dialogs/graph/model"
)

type mutations struct{ *resolver }

func (m mutations) CreateDialog(ctx context.Context, input model.CreateDialogInput) (*model.CreateDialogPayload, error) {
	c := m.caller(ctx)
	out, err := m.service.Create(ctx, c, creationOf(input))
	if err != nil {
		return nil, err
	}
	return &model.CreateDialogPayload{Dialog: model.NewDialog(out.Dialog, c, m.service.Policy()), Created: out.Created}, nil
}

func (m mutations) UpdateDialog(ctx context.Context, id string, input model.UpdateDialogInput) (*model.UpdateDialogPayload, error) {
	c := m.caller(ctx)
	out, err := m.service.Update(ctx, c, id, changeOf(input))
	if err != nil {
		return nil, err
	}
	return &model.UpdateDialogPayload{
		Dialog:   model.NewDialog(out.Dialog, c, m.service.Policy()),
		Change:   model.NewChange(out.Change, c),
		Replayed: out.Replayed,
	}, nil
}

func (m mutations) DeleteDialog(ctx context.Context, id string) (*model.DeleteDialogPayload, error) {
	if _, err := m.service.Update(ctx, m.caller(ctx), id, dialog.Change{Delete: true}); err != nil {
		return nil, err
	}
	return &model.DeleteDialogPayload{DeletedID: id}, nil
}

func (m mutations) DefineCustomClass(ctx context.Context, input model.DefineCustomClassInput) (*model.DefineCustomClassPayload, error) {
	class, err := m.service.DefineClass(ctx, m.caller(ctx), input.Name, fieldsOf(input.Fields))
	if err != nil {
		return nil, err
	}
	return &model.DefineCustomClassPayload{CustomClass: class}, nil
}

func (m mutations) CreateSession(_ context.Context, input model.CreateSessionInput) (*model.CreateSessionPayload, error) {
	user, err := dialog.ParseUserID("userId", input.UserID)
	if err != nil {
		return nil, err
	}
	token, expiresAt, err := m.sessions.Mint(user, time.Duration(input.TTL)*time.Second)
	if err != nil {
		return nil, err
	}
	return &model.CreateSessionPayload{Token: token, ExpiresAt: expiresAt}, nil
}

func (m mutations) EndUserSessions(ctx context.Context, userID string) (*model.EndUserSessionsPayload, error) {
	user, err := dialog.ParseUserID("userId", userID)
	if err != nil {
		return nil, err
	}
	if err := m.users.EndUserSessions(ctx, user); err != nil {
		return nil, err
	}
	return &model.EndUserSessionsPayload{UserID: userID}, nil
}

func (m mutations) SuspendUser(ctx context.Context, userID string, suspended bool) (*model.SuspendUserPayload, error) {
	user, err := dialog.ParseUserID("userId", userID)
	if err != nil {
		return nil, err
	}
	if err := m.users.SuspendUser(ctx, user, suspended); err != nil {
		return nil, err
	}
	return &model.SuspendUserPayload{UserID: userID, Suspended: suspended}, nil
}

func (m mutations) EraseUser(ctx context.Context, userID string, dryRun bool) (*model.EraseUserPayload, error) {
	user, err := dialog.ParseUserID("userId", userID)
	if err != nil {
		return nil, err
	}
	status, err := m.service.EraseUser(ctx, m.caller(ctx), user, dryRun, m.users.EndUserSessions)
	if err != nil {
		return nil, err
	}
	return &model.EraseUserPayload{UserID: userID, DialogCount: status.Dialogs, Done: status.Done}, nil
}
