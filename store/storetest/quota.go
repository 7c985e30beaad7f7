package storetest

import (
	"dialogs/dialog"
)

// testPublicGroups lets users own the maximum number of public groups, of which half
// can be handed over to them.
func testPublicGroups(e *env) {
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	policy.Quotas.PublicGroups = 3
	e.svc = dialog.NewService(e.store, policy, e.clock.Now, newSeeded(1))
	limit := dialog.CreatePlan{PublicGroups: 3}
	tooMany := limit.ErrTooManyPublicGroups()
	news := dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some("news")}
	byKey := news
	byKey.IdempotencyKey = dialog.Some("once")

	e.group("a", "b")
	first := e.create(user("a"), byKey)
	second := e.public("a", "second")
	third := e.public("a", "third")
	for _, c := range []dialog.Caller{user("a"), behalf("a")} {
		_, err := e.tryCreate(c, news)
		e.wantError(err, tooMany, "a fourth public group")
	}
	again, err := e.tryCreate(user("a"), byKey)
	if err != nil || again.Created || again.Dialog.ID != first.ID {
		e.Errorf("a replay at the quota: %+v, %v", again, err)
	}
	other := news
	other.IdempotencyKey = dialog.Some("refused")
	_, err = e.tryCreate(user("a"), other)
	e.wantError(err, tooMany, "a fourth public group with a key")
	e.group("a")
	e.private("a", "b")

	e.public("b", "theirs")
	e.update(user("a"), second.ID, dialog.Change{NewOwner: dialog.Some(dialog.UserID("b"))})
	_, err = e.tryUpdate(user("a"), first.ID, dialog.Change{NewOwner: dialog.Some(dialog.UserID("b")), Name: dialog.Some("renamed")})
	e.wantError(err, dialog.ErrTooManyPublicGroups(2), "handing over to a user who owns half as many as they may")
	if got := e.read(first.ID); got.Owner != "a" || got.Name != "news" {
		e.Errorf("a change that was refused: %+v", got)
	}
	e.public("b", "created beside those handed over")
	e.update(user("b"), second.ID, dialog.Change{NewOwner: dialog.Some(dialog.UserID("b")), Name: dialog.Some("renamed")})

	limit.HandedOver = 1
	for _, c := range []dialog.Caller{user("a"), behalf("a")} {
		_, err = e.tryCreate(c, news)
		e.wantError(err, limit.ErrTooManyPublicGroups(), "another public group after one was handed over")
	}
	e.update(user("a"), third.ID, dialog.Change{Delete: true})
	out, err := e.tryCreate(user("a"), other)
	if err != nil || !out.Created {
		e.Errorf("a key whose creation was refused: %+v, %v", out, err)
	}
	e.update(server(), first.ID, dialog.Change{NewOwner: dialog.Some(dialog.UserID("b"))})
	theirs := news
	theirs.Owner = dialog.Some(dialog.UserID("b"))
	e.create(server(), theirs)
	e.update(user("b"), second.ID, dialog.Change{Delete: true})
	_, err = e.tryCreate(user("b"), news)
	e.wantError(err, tooMany, "a public group beside four")
}
