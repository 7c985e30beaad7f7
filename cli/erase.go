package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/dialog"
)

// How often a server looks whether there are users to erase, and how often when it has
// begun.
const (
	erasuresLookedUpEvery = 5 * time.Second
	erasuresGoneOnEvery   = time.Second
)

func (p *program) eraseCommand() *cobra.Command {
	var dryRun, asJSON bool
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	c := p.storeCommand(&cobra.Command{
		Use: "erase USER", Short: "Remove a user from everything that is kept; works while a server runs", Args: takes("USER"),
		Long: `Removes a user from everything that is kept: ends their sessions, takes them out of
all dialogs, and removes their id from change records, deleted dialogs and lists of
who left. The longest-standing admin or occupant takes over dialogs that the user
owns; dialogs that nobody can manage, and private ones, are deleted. Names, photos
and custom data stay as they are, and so do backups. Afterwards, the id is
treated as that of a new user.

This takes at least 10 seconds. If it is stopped, a server that uses the store
continues, or run it again.`,
		Example: `  dialogs erase alice --dry-run
  dialogs export --user alice alice.jsonl && dialogs erase alice`,
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		return onUser(ctx, s, "USER", args[0], func(st dialog.Store, user dialog.UserID) error {
			service := dialog.NewService(st, policy, time.Now, rand.Reader)
			status, err := service.EraseUser(ctx, operator, user, dryRun, endSessions(st))
			if err != nil {
				return err
			}
			if !dryRun && !status.Done {
				if err := p.finishErasure(ctx, service); err != nil {
					return err
				}
				status.Done = true
			}
			return p.showErasure(user, status, dryRun, asJSON)
		})
	})
	addSettings(c, func(fs *pflag.FlagSet) { bindKept(fs, &policy.SyncKept) })
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only count the dialogs that the user is or was part of")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON with the names of the GraphQL schema")
	return c
}

// finishErasure continues all erasures until they are finished.
func (p *program) finishErasure(ctx context.Context, service *dialog.Service) error {
	_, _ = fmt.Fprintln(p.stderr, "Erasing; this takes at least 10 seconds.")
	for {
		_, unfinished, err := service.ContinueErasures(ctx)
		if err != nil || unfinished == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped: a server that uses the store continues, or run the command again: %w", ctx.Err())
		case <-time.After(erasuresGoneOnEvery):
		}
	}
}

func (p *program) showErasure(user dialog.UserID, status dialog.ErasureStatus, dryRun, asJSON bool) error {
	if asJSON {
		return writeVisible(p.stdout, struct {
			UserID      dialog.UserID `json:"userId"`
			DialogCount int           `json:"dialogCount"`
			Done        bool          `json:"done"`
		}{user, status.Dialogs, status.Done})
	}
	text := "Erased %s from %s.\n"
	if dryRun {
		text = "%s is or was part of %s. Nothing was changed.\n"
	}
	_, err := fmt.Fprintf(p.stdout, text, visible(string(user)), dialogsOf(status.Dialogs))
	return err
}

// endSessions ends the sessions of users in a store.
func endSessions(st dialog.Store) func(context.Context, dialog.UserID) error {
	return func(ctx context.Context, user dialog.UserID) error {
		return st.EndUserSessions(ctx, user, time.Now().UTC().Truncate(time.Millisecond).Add(time.Millisecond))
	}
}

// eraseAlways continues the erasures of users until ctx ends: those that callers of any
// instance start, and those that a process could not finish.
func eraseAlways(ctx context.Context, service *dialog.Service, log *slog.Logger) {
	for wait := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		finished, unfinished, err := service.ContinueErasures(ctx)
		for _, e := range finished { // without the user, who is erased from everything that is kept
			log.Info("erasure finished", "started", e.StartedAt, "api_key", e.By, "dialogs", e.Dialogs)
		}
		switch wait = erasuresLookedUpEvery; {
		case err != nil && ctx.Err() == nil:
			level := slog.LevelWarn
			if dialog.IsCode(err, dialog.Unavailable) { // which is logged once, for the store as a whole
				level = slog.LevelDebug
			}
			log.Log(ctx, level, "erasing users failed, will retry", "error", err)
		case unfinished > 0:
			wait = erasuresGoneOnEvery
		}
	}
}
