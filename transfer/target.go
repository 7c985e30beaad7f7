package transfer

import (
	"context"
	"fmt"
	"slices"

	"dialogs/dialog"
)

// checkTarget returns an error unless the target is empty or an incomplete copy by an
// earlier run, which has nothing that the source does not have. It writes nothing.
func checkTarget(ctx context.Context, from, to dialog.Store) error {
	for _, check := range []func(ctx context.Context, from, to dialog.Store) error{checkClasses, checkKeys, checkWebhooks, checkDialogs} {
		err := check(ctx, from, to)
		switch {
		case err != nil && (dialog.IsCode(err, dialog.Unavailable) || ctx.Err() != nil):
			return fmt.Errorf("comparing the target with the source: %w", err)
		case err != nil:
			return fmt.Errorf("the target must be empty, or the copy of an earlier run: %w", err)
		}
	}
	return nil
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
		if !slices.ContainsFunc(webhooks, func(f dialog.Webhook) bool { return f.ID == w.ID }) {
			return fmt.Errorf("the source does not have its webhook %s", w.ID)
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
		case ours.Hash != k.Hash:
			return fmt.Errorf("it has a different API key named %s", k.Name)
		}
	}
	return nil
}

// checkDialogs checks every dialog of the target. A copied dialog may be older than the
// current one of the source.
func checkDialogs(ctx context.Context, from, to dialog.Store) error {
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
			if ours == nil || ours.Version < d.Version || !ours.CreatedAt.Equal(d.CreatedAt) || ours.Version == d.Version && !ours.Equal(d) {
				return fmt.Errorf("dialog %s is missing from the source, or differs there", d.ID)
			}
		}
	}
}
