package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/dialogjson"
)

func (p *program) apiKeyCommand() *cobra.Command {
	return group("apikey", "Create, list and revoke API keys; works while a server runs",
		p.createKeyCommand(), p.listKeysCommand(), p.revokeKeyCommand())
}

func (p *program) createKeyCommand() *cobra.Command {
	var k keyFlags
	c := &cobra.Command{
		Use: "create NAME", Short: "Create a key and print it; it is shown only once", Args: takes("NAME"),
		Example: `  dialogs apikey create backend
  dialogs apikey create reports --scopes read --expires 2160h --note "nightly reports"`,
	}
	k.bind(c.Flags())
	return p.storeCommand(c, func(ctx context.Context, s *storeSettings, args []string) error {
		if err := auth.CheckKeyName(args[0]); err != nil { // before a store is created
			return err
		}
		choose, err := k.read(time.Now())
		if err != nil {
			return err
		}
		st, err := s.open(ctx, nil)
		return with(st, err, func(st dialog.Store) error {
			text, err := createKey(ctx, st, args[0], choose)
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
	var asJSON bool
	c := p.storeCommand(&cobra.Command{
		Use: "list", Short: "List the keys by name", Args: takes(),
		Example: "  dialogs apikey list",
	}, func(ctx context.Context, s *storeSettings, _ []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error { return p.listKeys(ctx, st, asJSON) })
	})
	bindJSON(c, &asJSON)
	return c
}

func (p *program) revokeKeyCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "revoke NAME", Short: "Revoke a key; it stops working within 5 seconds", Args: takes("NAME"),
		Example: "  dialogs apikey revoke backend",
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error { return st.RemoveAPIKey(ctx, args[0]) })
	})
}

// storeCommand makes a command that works with a store alone.
func (p *program) storeCommand(c *cobra.Command, run func(context.Context, *storeSettings, []string) error) *cobra.Command {
	var s storeSettings
	addSettings(c, s.bind)
	c.PreRunE = p.prepare
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := s.validate(); err != nil {
			return err
		}
		return run(cmd.Context(), &s, args)
	}
	return c
}

// keyFlags are what can be chosen of a new key.
type keyFlags struct {
	scopes  []string
	expires string
	note    string
}

func (k *keyFlags) bind(fs *pflag.FlagSet) {
	fs.StringSliceVar(&k.scopes, "scopes", nil, "what the key may do: read, write (dialogs), admin (sessions, users, custom classes, webhooks); separated by commas; default: everything")
	fs.StringVar(&k.expires, "expires", "", "when the key stops working: a time in RFC 3339, or after how long, for example 2160h; default: never")
	fs.StringVar(&k.note, "note", "", "what the key is for, at most 200 characters; shown by list")
}

// read checks the flags, and returns what sets them on a key.
func (k *keyFlags) read(now time.Time) (set func(*dialog.APIKey), err error) {
	var chosen dialog.APIKey
	if k.scopes != nil {
		if chosen.Scopes, err = dialog.ParseKeyScopes(k.scopes); err != nil {
			return nil, fmt.Errorf("--scopes: %w", err)
		}
	}
	if k.expires != "" {
		if chosen.ExpiresAt, err = parseExpiry(k.expires, now); err != nil {
			return nil, err
		}
	}
	if n := utf8.RuneCountInString(k.note); n > dialog.MaxKeyNote || !utf8.ValidString(k.note) {
		return nil, fmt.Errorf("--note must be valid UTF-8 of at most %d characters; it has %d", dialog.MaxKeyNote, n)
	}
	return func(key *dialog.APIKey) {
		key.Scopes, key.ExpiresAt, key.Note = chosen.Scopes, chosen.ExpiresAt, k.note
	}, nil
}

// parseExpiry reads a time, or a duration from now on.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		after, err := time.ParseDuration(text)
		if err != nil {
			return time.Time{}, fmt.Errorf("--expires %s: must be a time, for example 2026-01-31T14:00:00Z, or a duration, for example 2160h", dialog.Quote(text))
		}
		at = now.Add(after)
	}
	if !at.After(now) {
		return time.Time{}, fmt.Errorf("--expires %s: must be in the future", dialog.Quote(text))
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// createKey stores a new key and returns its text.
func createKey(ctx context.Context, keys dialog.KeyStore, name string, choose func(*dialog.APIKey)) (string, error) {
	text, key, err := auth.NewAPIKey(name, time.Now(), rand.Reader)
	if err != nil {
		return "", err
	}
	choose(&key)
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return "", err
	}
	if len(all) >= dialog.MaxAPIKeys {
		return "", fmt.Errorf("too many API keys: %d (limit %d): revoke those that are no longer used", len(all), dialog.MaxAPIKeys)
	}
	return text, keys.AddAPIKey(ctx, key)
}

func (p *program) listKeys(ctx context.Context, keys dialog.KeyStore, asJSON bool) error {
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return writeLines(p.stdout, all, dialogjson.NewKey)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tCREATED\tEXPIRES\tLAST USED\tSCOPES\tNOTE")
	for _, key := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", key.Name, key.CreatedAt.Format(time.RFC3339),
			whenOr("never", key.ExpiresAt, time.RFC3339), whenOr("never", key.UsedOn, time.DateOnly), key.Scopes, visible(key.Note))
	}
	return table.Flush()
}

// whenOr is an instant as text, or what to show without one.
func whenOr(none string, t time.Time, layout string) string {
	if t.IsZero() {
		return none
	}
	return t.Format(layout)
}
