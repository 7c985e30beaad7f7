package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dialogs/auth"
	"dialogs/dialog"
)

// command is the command line: serving is the default.
func command(getenv func(string) string, stdout, stderr io.Writer) *cobra.Command {
	var s settings
	root := &cobra.Command{
		Use:           "dialogs",
		Short:         "A GraphQL API server for chat conversations",
		Long:          "A GraphQL API server for chat conversations. Without a command it serves.\nEvery flag is an environment variable too; a flag wins.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return fromEnvironment(cmd.Root().PersistentFlags(), getenv)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), &s, stdout, stderr) },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	s.bind(root.PersistentFlags())
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve (the default)", Args: cobra.NoArgs, RunE: root.RunE},
		apiKeyCommand(&s, stdout),
		tokenCommand(&s, stdout),
		migrateCommand(&s, stdout, stderr),
		importCommand(&s, stdout, stderr),
		versionCommand(stdout),
	)
	return root
}

func apiKeyCommand(s *settings, stdout io.Writer) *cobra.Command {
	group := &cobra.Command{
		Use:   "apikey",
		Short: "Create, list and revoke API keys; works while a server runs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(
		&cobra.Command{
			Use: "create NAME", Short: "Create a key and print it; it is never shown again", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return s.withStore(cmd.Context(), true, func(st dialog.Store) error {
					text, err := createKey(cmd.Context(), st, args[0])
					if err != nil {
						return err
					}
					_, err = fmt.Fprintln(stdout, text)
					return err
				})
			},
		},
		&cobra.Command{
			Use: "list", Short: "List the keys by name", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.withStore(cmd.Context(), false, func(st dialog.Store) error {
					return listKeys(cmd.Context(), st, stdout)
				})
			},
		},
		&cobra.Command{
			Use: "revoke NAME", Short: "Revoke a key: it stops working within 5 seconds", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return s.withStore(cmd.Context(), false, func(st dialog.Store) error {
					return st.RemoveAPIKey(cmd.Context(), args[0])
				})
			},
		},
	)
	return group
}

// createKey stores a new key and returns its text.
func createKey(ctx context.Context, keys dialog.KeyStore, name string) (string, error) {
	text, key, err := auth.NewAPIKey(name, time.Now(), rand.Reader)
	if err != nil {
		return "", err
	}
	return text, keys.AddAPIKey(ctx, key)
}

func listKeys(ctx context.Context, keys dialog.KeyStore, stdout io.Writer) error {
	all, err := keys.APIKeys(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tCREATED")
	for _, key := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", key.Name, key.CreatedAt.Format(time.RFC3339))
	}
	return table.Flush()
}

func tokenCommand(s *settings, stdout io.Writer) *cobra.Command {
	var ttl time.Duration
	c := &cobra.Command{
		Use: "token USER", Short: "Print a session token of a user", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			user, err := dialog.ParseUserID("USER", args[0])
			if err != nil {
				return err
			}
			if err := s.checkStore("--store", s.store); err != nil {
				return err
			}
			secret, err := s.secretOrOwn(false)
			if err != nil {
				return err
			}
			minter, err := auth.NewMinter(secret, time.Now, rand.Reader)
			if err != nil {
				return err
			}
			token, _, err := minter.Mint(user, ttl)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(stdout, token)
			return err
		},
	}
	c.Flags().DurationVar(&ttl, "ttl", 2*time.Hour, "how long the token lives, at most 720h")
	return c
}

func versionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		// Whatever the settings are, and the environment of a server.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("the binary does not know how it was built")
			}
			_, err := fmt.Fprintf(stdout, "dialogs %s (%s)\n", versionOf(info), info.GoVersion)
			return err
		},
	}
}

// versionOf is the module's version, or the commit it was built from.
func versionOf(info *debug.BuildInfo) string {
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = setting.Value
		}
	}
	if version == "" {
		return "(devel)"
	}
	return version
}

// withStore opens the store for one command.
func (s *settings) withStore(ctx context.Context, fresh bool, do func(dialog.Store) error) error {
	if err := s.checkStore("--store", s.store); err != nil {
		return err
	}
	st, err := s.openStore(ctx, "--store", s.store, fresh, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(st), st.Close())
}
