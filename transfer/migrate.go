package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dialogs/dialog"
)

// batch is how many dialogs are held in memory at a time.
const batch = 200

// A Report is the result of a migration.
type Report struct {
	// Classes, Keys, Sessions (that were ended) and Webhooks are how many the source has.
	// Dialogs is how many dialogs are now the same in both stores.
	Classes, Keys, Sessions, Webhooks, Dialogs int
	// Copied is how many of the dialogs this run had to copy.
	Copied int
	// Checksum is the SHA-256 sum over all dialogs; it is equal in both stores.
	Checksum [32]byte
}

// Migrate copies every class, API key, ended session, suspended or erased user, webhook and
// dialog with its history from one store to the other, and then compares both. Dialogs that are
// already the same are skipped: so a migration that was interrupted resumes when it is run
// again. Tombstones, departures and the idempotency keys of creations are only kept for a
// time and are not copied: the positions of one store mean nothing in another.
//
// If the target has anything that the source does not have, Migrate fails before it copies
// anything; deleted dialogs, and what has expired at the instant now, do not count. What the
// source has deleted or erased since an earlier run is removed from the target, too. If the
// source changes during the copy, it fails at the end. progress is called with the number
// of finished dialogs and the number of all dialogs.
func Migrate(ctx context.Context, now time.Time, from, to dialog.Store, progress func(done, total int)) (Report, error) {
	var r Report
	total, err := from.Count(ctx, dialog.Query{Scope: dialog.Mine})
	if err != nil {
		return r, fmt.Errorf("counting the source's dialogs: %w", err)
	}
	outdated, err := checkTarget(ctx, now, from, to)
	if err != nil {
		return r, err
	}
	if r.Classes, err = copyClasses(ctx, from, to); err != nil {
		return r, fmt.Errorf("copying the classes: %w", err)
	}
	if r.Keys, err = copyKeys(ctx, from, to); err != nil {
		return r, fmt.Errorf("copying the API keys: %w", err)
	}
	if r.Sessions, err = copySessions(ctx, from, to); err != nil {
		return r, fmt.Errorf("copying the ended sessions: %w", err)
	}
	if err := copyErasures(ctx, from, to); err != nil {
		return r, fmt.Errorf("copying the erased users: %w", err)
	}
	if r.Webhooks, err = copyWebhooks(ctx, from, to); err != nil {
		return r, fmt.Errorf("copying the webhooks: %w", err)
	}
	if err := outdated.deleteDialogs(ctx, now, to); err != nil {
		return r, fmt.Errorf("deleting dialogs that the source has deleted since: %w", err)
	}
	if r.Copied, err = copyDialogs(ctx, from, to, total, progress); err != nil {
		return r, fmt.Errorf("copying the dialogs: %w", err)
	}
	if err := outdated.forgetUsers(ctx, to); err != nil {
		return r, fmt.Errorf("removing users whom the source has erased since: %w", err)
	}
	return r, r.verify(ctx, from, to)
}

func copyClasses(ctx context.Context, from, to dialog.ClassStore) (int, error) {
	classes, err := from.Classes(ctx)
	if err != nil {
		return 0, err
	}
	there, err := to.Classes(ctx)
	if err != nil {
		return 0, err
	}
	have := map[string]dialog.Class{}
	for _, c := range there {
		have[c.Name] = c
	}
	for _, c := range classes {
		// The source has accepted the class already.
		next, grown, err := have[c.Name].Grow(c.Name, c.Fields, dialog.Limits{FieldsPerClass: len(c.Fields)})
		if err != nil {
			return 0, fmt.Errorf("the class %s: %w", c.Name, err)
		}
		if !grown {
			continue
		}
		if saved, err := to.SaveClass(ctx, next); err != nil || !saved {
			return 0, errors.Join(err, fmt.Errorf("the class %s changed in the target during the copy", c.Name))
		}
	}
	return len(classes), nil
}

func copyKeys(ctx context.Context, from, to dialog.KeyStore) (int, error) {
	keys, err := from.APIKeys(ctx)
	if err != nil {
		return 0, err
	}
	there, err := to.APIKeys(ctx)
	if err != nil {
		return 0, err
	}
	have := map[string]dialog.APIKey{}
	for _, k := range there {
		have[k.Name] = k
	}
	for _, k := range keys {
		switch other, ok := have[k.Name]; {
		case !ok:
			if err := to.AddAPIKey(ctx, k); err != nil {
				return 0, err
			}
		case other.Hash != k.Hash:
			return 0, fmt.Errorf("the target has a different API key named %s", k.Name)
		}
	}
	return len(keys), nil
}

// copySessions copies the list of ended session tokens. Without it, they would be valid
// again in the target.
func copySessions(ctx context.Context, from, to dialog.SessionStore) (int, error) {
	sessions, err := from.EndedSessions(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range sessions {
		if err := to.EndSession(ctx, s); err != nil {
			return 0, err
		}
	}
	return len(sessions), copyAccess(ctx, from, to)
}

// copyErasures copies which users were erased, so that their earlier sessions stay ended,
// and the erasures in progress, which continue in the target.
func copyErasures(ctx context.Context, from, to dialog.ErasureStore) error {
	erased, err := from.ErasedUsers(ctx)
	if err != nil {
		return err
	}
	for _, u := range erased {
		if err := to.KeepErasedUser(ctx, u); err != nil {
			return err
		}
	}
	jobs, err := from.Erasures(ctx)
	if err != nil {
		return err
	}
	for _, e := range jobs {
		if _, err := to.StartErasure(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// copyAccess copies which users are suspended, and whose sessions were ended.
func copyAccess(ctx context.Context, from, to dialog.SessionStore) error {
	all, err := from.AllUserAccess(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Suspended {
			err = to.SuspendUser(ctx, a.User, true, a.SuspendedAt)
		}
		if err == nil && !a.SessionsEndedAt.IsZero() {
			err = to.EndUserSessions(ctx, a.User, a.SessionsEndedAt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyWebhooks copies the webhooks. A position in the changes of one store is useless in
// another, so receivers are told that they may have missed changes.
func copyWebhooks(ctx context.Context, from, to dialog.WebhookStore) (int, error) {
	webhooks, err := from.Webhooks(ctx)
	if err != nil {
		return 0, err
	}
	there, err := to.Webhooks(ctx)
	if err != nil {
		return 0, err
	}
	for _, w := range webhooks {
		if !slices.ContainsFunc(there, func(t dialog.Webhook) bool { return t.ID == w.ID }) {
			if _, err := to.SaveWebhook(ctx, copyOf(w)); err != nil {
				return 0, err
			}
		}
		// Also for a webhook that is there: the run that copied it may have ended before this.
		l := dialog.Lease{Holder: "migrate", Now: time.Unix(1, 0), Until: time.Unix(1, 0)}
		if _, _, err := to.LeaseWebhook(ctx, w.ID, l); err != nil {
			return 0, err
		}
		if _, err := to.SaveWebhookProgress(ctx, w.ID, l.Holder, dialog.WebhookProgress{GapOwed: true}); err != nil {
			return 0, err
		}
	}
	return len(webhooks), nil
}

// copyOf is a webhook as the target has it: nothing is replayed there.
func copyOf(w dialog.Webhook) dialog.Webhook {
	w.Revision, w.Replays, w.ReplaySince = 1, 0, time.Time{}
	return w
}

func copyDialogs(ctx context.Context, from, to dialog.Archive, total int, progress func(done, total int)) (copied int, err error) {
	target := reader{archive: to}
	done := 0
	for source := (reader{archive: from}); ; {
		dialogs, err := source.next(ctx)
		if err != nil || len(dialogs) == 0 {
			return copied, err
		}
		missing, err := target.missing(ctx, dialogs)
		if err != nil {
			return copied, err
		}
		if len(missing) > 0 {
			if err := to.Restore(ctx, missing); err != nil {
				return copied, err
			}
		}
		copied += len(missing)
		done += len(dialogs)
		progress(done, max(done, total))
	}
}

// verify reads both stores again, completely, and compares them.
func (r *Report) verify(ctx context.Context, from, to dialog.Archive) error {
	source, err := checksum(ctx, from)
	if err != nil {
		return fmt.Errorf("reading the source again: %w", err)
	}
	target, err := checksum(ctx, to)
	if err != nil {
		return fmt.Errorf("reading the target again: %w", err)
	}
	if source.Count() != target.Count() || source.Sum() != target.Sum() {
		return fmt.Errorf("the stores differ: %s (%x) in the source, %d (%x) in the target; one of them changed during the copy, or the target already had other dialogs",
			dialog.Counted(source.Count(), "dialog", "dialogs"), source.Sum(), target.Count(), target.Sum())
	}
	r.Dialogs, r.Checksum = target.Count(), target.Sum()
	return nil
}

func checksum(ctx context.Context, a dialog.Archive) (*dialog.Checksum, error) {
	sum := dialog.NewChecksum()
	for r := (reader{archive: a}); ; {
		dialogs, err := r.next(ctx)
		if err != nil || len(dialogs) == 0 {
			return sum, err
		}
		for i := range dialogs {
			sum.Add(&dialogs[i])
		}
	}
}
