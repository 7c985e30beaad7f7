package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dialogs/auth"
	"dialogs/dialog"
)

func (p *program) apiKeyCommand() *cobra.Command {
	return group("apikey", "Create, list and revoke API keys; works while a server runs",
		p.createKeyCommand(), p.listKeysCommand(), p.revokeKeyCommand())
}

func (p *program) createKeyCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "create NAME", Short: "Create a key and print it; it is shown only once", Args: takes("NAME"),
		Example: "  dialogs apikey create backend",
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		if err := auth.CheckKeyName(args[0]); err != nil { // before a store is created
			return err
		}
		st, err := s.open(ctx, nil)
		return with(st, err, func(st dialog.Store) error {
			text, err := createKey(ctx, st, args[0])
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(p.stdout, text); err != nil { // nobody will ever know the key
				return errors.Join(err, st.RemoveAPIKey(ctx, args[0]))
			}
			return nil
		})
	})
}

func (p *program) listKeysCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "list", Short: "List the keys by name", Args: takes(),
	}, func(ctx context.Context, s *storeSettings, _ []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error { return p.listKeys(ctx, st) })
	})
}

func (p *program) revokeKeyCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "revoke NAME", Short: "Revoke a key; it stops working within 5 seconds", Args: takes("NAME"),
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error { return st.RemoveAPIKey(ctx, args[0]) })
	})
}

// storeCommand makes a command that works with a store alone.
func (p *program) storeCommand(c *cobra.Command, run func(context.Context, *storeSettings, []string) error) *cobra.Command {
	var s storeSettings
	s.bind(c.Flags())
	settable(c.Flags())
	c.PreRunE = p.prepare
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := s.validate(); err != nil {
			return err
		}
		return run(cmd.Context(), &s, args)
	}
	return c
}

// createKey stores a new key and returns its text.
func createKey(ctx context.Context, keys dialog.KeyStore, name string) (string, error) {
	text, key, err := auth.NewAPIKey(name, time.Now(), rand.Reader)
	if err != nil {
		return "", err
	}
	return text, keys.AddAPIKey(ctx, key)
}

func (p *program) listKeys(ctx context.Context, keys dialog.KeyStore) error {
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tCREATED")
	for _, key := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", key.Name, key.CreatedAt.Format(time.RFC3339))
	}
	return table.Flush()
}
