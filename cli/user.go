package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

func (p *program) sessionCommand() *cobra.Command {
	return group("session", "End sessions; works while a server runs", p.endSessionsCommand())
}

func (p *program) endSessionsCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "end --user USER", Short: "End all sessions of a user within 5 seconds; new ones can be created", Args: takes(),
		Example: "  dialogs session end --user alice",
	}
	c.Flags().StringVar(&name, "user", "", "id of the user; required")
	return p.storeCommand(c, func(ctx context.Context, s *storeSettings, _ []string) error {
		if name == "" {
			return errors.New("--user is required: the id of the user")
		}
		return onUser(ctx, s, "--user", name, func(st dialog.Store, user dialog.UserID) error {
			return endSessions(st)(ctx, user)
		})
	})
}

func (p *program) userCommand() *cobra.Command {
	return group("user", "Suspend and reinstate users; works while a server runs",
		p.listUsersCommand(),
		p.suspendCommand("suspend", "Reject every credential of a user within 5 seconds, until the user is reinstated", true),
		p.suspendCommand("reinstate", "Accept the credentials of a suspended user again", false))
}

func (p *program) suspendCommand(use, short string, suspended bool) *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: use + " USER", Short: short, Args: takes("USER"),
		Example: "  dialogs user " + use + " alice",
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		return onUser(ctx, s, "USER", args[0], func(st dialog.Store, user dialog.UserID) error {
			return st.SuspendUser(ctx, user, suspended, time.Now().UTC().Truncate(time.Millisecond))
		})
	})
}

func (p *program) listUsersCommand() *cobra.Command {
	var asJSON bool
	c := p.storeCommand(&cobra.Command{
		Use: "list", Short: "List the users who are suspended, and since when", Args: takes(),
		Example: "  dialogs user list --json",
	}, func(ctx context.Context, s *storeSettings, _ []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error { return p.listUsers(ctx, st, asJSON) })
	})
	bindJSON(c, &asJSON)
	return c
}

func (p *program) listUsers(ctx context.Context, st dialog.SessionStore, asJSON bool) error {
	all, err := st.AllUserAccess(ctx)
	if err != nil {
		return err
	}
	suspended := slices.DeleteFunc(all, func(a dialog.UserAccess) bool { return !a.Suspended })
	if asJSON {
		return writeLines(p.stdout, suspended, dialogjson.NewUser)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "USER\tSUSPENDED SINCE")
	for _, a := range suspended {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", visible(string(a.User)), whenOr("unknown", a.SuspendedAt, time.RFC3339))
	}
	return table.Flush()
}

// onUser does something with a user in an existing store.
func onUser(ctx context.Context, s *storeSettings, argument, name string, do func(dialog.Store, dialog.UserID) error) error {
	user, err := dialog.ParseUserID(argument, name)
	if err != nil {
		return err
	}
	st, err := s.openExisting(ctx)
	return with(st, err, func(st dialog.Store) error { return do(st, user) })
}
