package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

func (e *env) webhook(n int) dialog.Webhook {
	return dialog.Webhook{
		ID: dialog.ID(fmt.Sprintf("%024x", n)), URL: fmt.Sprintf("https://example.com/%d?a=\u00e1", n), Status: dialog.WebhookActive,
		Filter: dialog.WebhookFilter{
			Kinds: []dialog.RecordKind{dialog.Created}, Aspects: []dialog.Aspect{dialog.AspectName},
			Types: []dialog.Type{dialog.Group}, Classes: []string{"Card"},
		},
		WithDialog: true,
		Secrets:    []dialog.WebhookSecret{{Sealed: []byte{0, 255, byte(n)}}, {Sealed: []byte{1}, Until: e.clock.Now().Add(time.Hour)}},
		CreatedAt:  e.clock.Now(), ResumedAt: e.clock.Now(), Replays: 2, ReplaySince: e.clock.Now(), GaveUp: "410 Gone", Revision: 1,
	}
}

func (e *env) saveWebhook(w dialog.Webhook, want bool, reason string) {
	e.Helper()
	if saved, err := e.store.SaveWebhook(e.Context(), w); err != nil || saved != want {
		e.Errorf("%s: saved %v, %v, want %v", reason, saved, err, want)
	}
}

func (e *env) wantWebhooks(reason string, want ...dialog.Webhook) {
	e.Helper()
	got, err := e.store.Webhooks(e.Context())
	if err != nil {
		e.Fatalf("listing: %v", err)
	}
	e.same(got, want, reason)
}

func testWebhooks(e *env) {
	e.wantWebhooks("where there are none")
	b, a := e.webhook(2), e.webhook(1)
	a.Secrets, a.Filter = nil, dialog.WebhookFilter{}
	e.saveWebhook(b, true, "a new one")
	e.saveWebhook(a, true, "another, of the same instant")
	e.tick()
	early := e.webhook(0)
	e.saveWebhook(early, true, "a later one with a lower id")
	e.wantWebhooks("by creation, then by id", a, b, early)

	e.saveWebhook(a, false, "an id that is taken")
	a.Revision = 3
	e.saveWebhook(a, false, "a revision too far")
	a.Revision, a.Status, a.GaveUp = 2, dialog.WebhookPaused, ""
	e.saveWebhook(a, true, "the next revision")
	e.saveWebhook(a, false, "the same revision again")
	e.wantWebhooks("after a change", a, b, early)

	missing := e.webhook(9)
	missing.Revision = 2
	e.saveWebhook(missing, false, "a change of none")
	e.wantError(e.store.RemoveWebhook(e.Context(), missing.ID), dialog.ErrWebhookNotFound(missing.ID), "removing none")
	if err := e.store.RemoveWebhook(e.Context(), b.ID); err != nil {
		e.Errorf("removing: %v", err)
	}
	e.wantWebhooks("without it", a, early)
	_, err := e.store.WebhookProgress(e.Context(), b.ID)
	e.wantError(err, dialog.ErrWebhookNotFound(b.ID), "the progress of one that was removed")
}

func testWebhookLease(e *env) {
	w := e.webhook(1)
	lease := func(holder string, ttl time.Duration, want bool, progress dialog.WebhookProgress) {
		e.Helper()
		now := e.clock.Now()
		p, leased, err := e.instance().LeaseWebhook(e.Context(), w.ID, dialog.Lease{Holder: holder, Now: now, Until: now.Add(ttl)})
		if err != nil || leased != want {
			e.Errorf("%s: leased %v, %v, want %v", holder, leased, err, want)
		}
		e.same(p, progress, "the progress for "+holder)
	}
	save := func(holder string, want bool, p dialog.WebhookProgress) {
		e.Helper()
		if saved, err := e.store.SaveWebhookProgress(e.Context(), w.ID, holder, p); err != nil || saved != want {
			e.Errorf("%s: saved %v, %v, want %v", holder, saved, err, want)
		}
	}
	var none dialog.WebhookProgress
	lease("a", time.Minute, false, none) // nobody has one of nothing
	save("a", false, none)
	e.saveWebhook(w, true, "a new one")
	save("a", false, none) // without a lease
	lease("a", time.Minute, true, none)
	lease("b", time.Minute, false, none)
	p := dialog.WebhookProgress{
		Mark: "m", At: e.clock.Now(), Sent: []dialog.WebhookDialog{{ID: w.ID, Version: 7}},
		Held:    []dialog.HeldDialog{{ID: w.ID, Next: 8, Attempts: 2, At: e.clock.Now().Add(time.Hour), Missed: 7}},
		Replays: 1, GapOwed: true, LastError: "500", FailingSince: e.clock.Now(),
	}
	save("b", false, none)
	save("a", true, p)
	w.Revision, w.URL = 2, "https://example.com/other"
	e.saveWebhook(w, true, "a change of the definition")
	lease("a", time.Minute, true, p) // renewed, and the progress is as it was

	e.clock.Move(time.Minute - time.Millisecond)
	lease("b", time.Minute, false, none)
	e.tick()
	lease("b", time.Minute, true, p) // the lease of a has ended
	save("a", false, none)
	lease("b", 0, true, p) // given back
	lease("a", time.Minute, true, p)
	if got, err := e.store.WebhookProgress(e.Context(), w.ID); err != nil {
		e.Error(err)
	} else {
		e.same(got, p, "the progress")
	}
	save("a", true, none)
	lease("a", time.Minute, true, none)
}

func testWebhookLeaseRace(e *env) {
	w := e.webhook(1)
	e.saveWebhook(w, true, "a new one")
	now := e.clock.Now()
	var leases atomic.Int64
	var asking sync.WaitGroup
	for i := range 8 {
		store := e.instance()
		asking.Go(func() {
			_, leased, err := store.LeaseWebhook(e.Context(), w.ID, dialog.Lease{Holder: fmt.Sprint(i), Now: now, Until: now.Add(time.Minute)})
			if err != nil {
				e.Error(err)
			}
			if leased {
				leases.Add(1)
			}
		})
	}
	asking.Wait()
	if n := leases.Load(); n != 1 {
		e.Errorf("%d have the lease, want 1", n)
	}
}

func testChangesAfterInstant(e *env) {
	e.clock.Move(-time.Hour) // engines allow for clocks that differ
	e.group("alice")
	e.clock.Move(30 * time.Minute)
	since := e.clock.Now()
	e.tick()
	changed, deleted := e.group("alice"), e.group("alice")
	e.update(user("alice"), deleted.ID, dialog.Change{Delete: true})
	q := dialog.ChangesQuery{Since: since, Limit: 10, Kept: dialog.DefaultSyncKept}
	page, err := e.store.ChangesSince(e.Context(), q)
	if err != nil {
		e.Fatal(err)
	}
	e.same(page.Dialogs, []dialog.ChangedDialog(nil), "the dialogs with the mark")
	q.Since, q.After = time.Time{}, page.Next
	var ids []dialog.ID
	for {
		if page, err = e.store.ChangesSince(e.Context(), q); err != nil {
			e.Fatal(err)
		}
		for _, d := range page.Dialogs {
			ids = append(ids, d.Dialog.ID)
		}
		if q.After = page.Next; !page.More {
			break
		}
	}
	for _, want := range []dialog.ID{changed.ID, deleted.ID} {
		if !slices.Contains(ids, want) {
			e.Errorf("%s is not among what happened since: %v", want, ids)
		}
	}
}
