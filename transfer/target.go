package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"dialogs/dialog"
)

// checkTarget returns an error unless the target is empty or an incomplete copy by an
// earlier run, which has nothing that the source does not have. It writes nothing. What has
// expired at the given instant does not count: the source may have forgotten it already.
// What the source has deleted or erased since that run is returned as outdated.
func checkTarget(ctx context.Context, now time.Time, from, to dialog.Store) (*outdated, error) {
	old, err := newOutdated(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("reading the erased users of the source: %w", err)
	}
	sessions := func(ctx context.Context, from, to dialog.Store) error { return checkSessions(ctx, now, from, to) }
	erased := func(ctx context.Context, from, to dialog.Store) error { return checkErased(ctx, now, from, to) }
	for _, check := range []func(ctx context.Context, from, to dialog.Store) error{
		checkClasses, checkKeys, sessions, old.checkAccess, erased, old.checkErasures, checkWebhooks, old.checkDialogs,
	} {
		err := check(ctx, from, to)
		switch {
		case err != nil && (dialog.IsCode(err, dialog.Unavailable) || ctx.Err() != nil):
			return nil, fmt.Errorf("comparing the target with the source: %w", err)
		case err != nil:
			return nil, fmt.Errorf("the target must be empty, or the copy of an earlier run: %w", err)
		}
	}
	return old, nil
}

func checkClasses(ctx context.Context, from, to dialog.Store) error {
	there, err := to.Classes(ctx)
	if err != nil {
		return err
	}
	classes, err := from.Classes(ctx)
	if err != nil {
		return err
	}
	have := map[string]dialog.Class{}
	for _, c := range classes {
		have[c.Name] = c
	}
	for _, c := range there {
		ours, ok := have[c.Name]
		if !ok {
			return fmt.Errorf("the source does not have its class %s", c.Name)
		}
		// Classes only grow, so the fields of the target must also be in the source.
		_, grows, err := ours.Grow(c.Name, c.Fields, dialog.Limits{FieldsPerClass: len(ours.Fields) + len(c.Fields)})
		if err != nil {
			return fmt.Errorf("the class %s: %w", c.Name, err)
		}
		if grows {
			return fmt.Errorf("the source does not have all fields of its class %s", c.Name)
		}
	}
	return nil
}

func checkWebhooks(ctx context.Context, from, to dialog.Store) error {
	there, err := to.Webhooks(ctx)
	if err != nil {
		return err
	}
	webhooks, err := from.Webhooks(ctx)
	if err != nil {
		return err
	}
	for _, w := range there {
		i := slices.IndexFunc(webhooks, func(f dialog.Webhook) bool { return f.ID == w.ID })
		if i < 0 {
			return fmt.Errorf("the source does not have its webhook %s", w.ID)
		}
		ours, err := json.Marshal(copyOf(webhooks[i]))
		if err != nil {
			return err
		}
		theirs, err := json.Marshal(copyOf(w))
		if err != nil {
			return err
		}
		if !bytes.Equal(ours, theirs) {
			return fmt.Errorf("the webhook %s is different in the source", w.ID)
		}
	}
	return nil
}

func checkSessions(ctx context.Context, now time.Time, from, to dialog.SessionStore) error {
	there, err := to.EndedSessions(ctx)
	if err != nil {
		return err
	}
	sessions, err := from.EndedSessions(ctx)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, s := range sessions {
		have[s.ID] = true
	}
	for _, s := range there {
		if !have[s.ID] && s.Until.After(now) {
			return fmt.Errorf("the source does not have its ended session %s", dialog.Quote(s.ID))
		}
	}
	return nil
}

// checkAccess checks who is suspended, and whose sessions were ended. The source may have
// ended the sessions of a user again since, or erased the user.
func (o *outdated) checkAccess(ctx context.Context, from, to dialog.Store) error {
	there, err := to.AllUserAccess(ctx)
	if err != nil {
		return err
	}
	all, err := from.AllUserAccess(ctx)
	if err != nil {
		return err
	}
	have := map[dialog.UserID]dialog.UserAccess{}
	for _, a := range all {
		have[a.User] = a
	}
	for _, a := range there {
		ours, known := have[a.User]
		switch {
		case !known && o.wasErased(a.User, a.SessionsEndedAt):
			o.forget(a.User)
		case a.Suspended && !ours.Suspended:
			return fmt.Errorf("the source has not suspended its user %s", dialog.Quote(string(a.User)))
		case ours.SessionsEndedAt.Before(a.SessionsEndedAt):
			return fmt.Errorf("the source has not ended the sessions of its user %s", dialog.Quote(string(a.User)))
		}
	}
	return nil
}

func checkErased(ctx context.Context, now time.Time, from, to dialog.ErasureStore) error {
	there, err := to.ErasedUsers(ctx)
	if err != nil {
		return err
	}
	erased, err := from.ErasedUsers(ctx)
	if err != nil {
		return err
	}
	have := map[[32]byte]dialog.ErasedUser{}
	for _, u := range erased {
		have[u.Hash] = u
	}
	for _, u := range there {
		ours := have[u.Hash]
		if u.Until.After(now) && ours.SessionsEndedAt.Before(u.SessionsEndedAt) {
			return fmt.Errorf("a user was erased there, and not in the source (SHA-256 of the id: %x)", u.Hash)
		}
	}
	return nil
}

// checkErasures checks which erasures are in progress. The source may have finished one
// since.
func (o *outdated) checkErasures(ctx context.Context, from, to dialog.Store) error {
	there, err := to.Erasures(ctx)
	if err != nil {
		return err
	}
	jobs, err := from.Erasures(ctx)
	if err != nil {
		return err
	}
	for _, e := range there {
		switch {
		case slices.ContainsFunc(jobs, func(f dialog.Erasure) bool { return f.User == e.User }):
		case o.wasErased(e.User, time.Time{}):
			o.forget(e.User)
		default:
			return fmt.Errorf("the source is not erasing its user %s", dialog.Quote(string(e.User)))
		}
	}
	return nil
}

func checkKeys(ctx context.Context, from, to dialog.Store) error {
	there, err := to.APIKeys(ctx)
	if err != nil {
		return err
	}
	keys, err := from.APIKeys(ctx)
	if err != nil {
		return err
	}
	have := map[string]dialog.APIKey{}
	for _, k := range keys {
		have[k.Name] = k
	}
	for _, k := range there {
		switch ours, ok := have[k.Name]; {
		case !ok:
			return fmt.Errorf("the source does not have its API key %s", k.Name)
		case ours.Hash != k.Hash || ours.Scopes != k.Scopes || ours.Note != k.Note || !ours.ExpiresAt.Equal(k.ExpiresAt):
			return fmt.Errorf("it has a different API key named %s", k.Name)
		}
	}
	return nil
}

// checkDialogs checks every dialog of the target. A copied dialog may be older than the
// current one of the source, which may have deleted it since, or removed a user from it.
func (o *outdated) checkDialogs(ctx context.Context, from, to dialog.Store) error {
	source := reader{archive: from}
	for target := (reader{archive: to}); ; {
		dialogs, err := target.next(ctx)
		if err != nil || len(dialogs) == 0 {
			return err
		}
		for i := range dialogs {
			d := &dialogs[i]
			ours, err := source.find(ctx, d.ID)
			if err != nil {
				return err
			}
			if ours == nil {
				if ours, err = tombstone(ctx, from, d.ID); err != nil {
					return err
				}
				o.deleted = append(o.deleted, d.ID)
			}
			if ours == nil || ours.Version < d.Version || !ours.CreatedAt.Equal(d.CreatedAt) || ours.Version == d.Version && !o.equal(d, ours) {
				return fmt.Errorf("dialog %s is missing from the source, or differs there", d.ID)
			}
		}
	}
}

// tombstone returns a dialog that the store has deleted and still remembers, or nil.
func tombstone(ctx context.Context, store dialog.Store, id dialog.ID) (*dialog.Dialog, error) {
	d, err := store.Look(ctx, id)
	if dialog.IsCode(err, dialog.NotFound) {
		return nil, nil //nolint:nilnil // none is the answer here
	}
	return &d, err
}
