package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/dialog"
	"dialogs/dialogjson"
	"dialogs/webhook"
)

// operator is whoever runs a command that changes a store.
var operator = dialog.Caller{APIKey: "(operator)"}

func (p *program) webhookCommand() *cobra.Command {
	return group("webhook", "Manage webhooks: URLs to which changes are sent; works while a server runs",
		p.addWebhookCommand(), p.listWebhooksCommand(), p.showWebhookCommand(), p.removeWebhookCommand(),
		p.statusCommand("pause", "Pause deliveries; changes in the meantime are delivered later", dialog.WebhookPaused),
		p.statusCommand("resume", "Resume deliveries, also of a disabled webhook", dialog.WebhookActive),
		p.rotateWebhookCommand(), p.replayWebhookCommand(), p.testWebhookCommand())
}

// targets are the addresses inside that webhooks may have.
func targets(to *webhook.Targets) pflag.Value {
	return &value[webhook.Targets]{to: to, kind: "networks and hosts", show: webhook.Targets.String, parse: func(text string) (webhook.Targets, error) {
		if text == "" {
			return webhook.Targets{}, nil
		}
		return webhook.ParseTargets(strings.Split(text, ","))
	}}
}

func bindTargets(fs *pflag.FlagSet, to *webhook.Targets) {
	fs.Var(targets(to), "webhook-allow", "internal networks and hosts that webhooks may also reach, and over plain HTTP, for example 10.0.0.0/8,hooks.internal; separated by commas")
}

// newAdmin manages webhooks with the secrets of the server.
func newAdmin(st dialog.Store, secrets [][]byte, allowed webhook.Targets, now func() time.Time) (*webhook.Admin, error) {
	sealer, err := webhook.NewSealer(secrets, rand.Reader)
	if err != nil {
		return nil, err
	}
	return &webhook.Admin{Store: st, Sealer: sealer, Targets: allowed, Now: now}, nil
}

// webhookSubcommand makes a command that manages webhooks. Only add may begin a store.
func (p *program) webhookSubcommand(c *cobra.Command, run func(ctx context.Context, admin *webhook.Admin, args []string) error) *cobra.Command {
	var st storeSettings
	var secret secretSettings
	var allowed webhook.Targets
	addSettings(c, st.bind, secret.bind, func(fs *pflag.FlagSet) { bindTargets(fs, &allowed) })
	c.PreRunE = p.prepare
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := st.validate(); err != nil {
			return err
		}
		if err := st.mustExist(); err != nil {
			return err
		}
		secrets, err := secret.ofServer(&st)
		if err != nil {
			return err
		}
		opened, err := st.openExisting(cmd.Context())
		return with(opened, err, func(opened dialog.Store) error {
			admin, err := newAdmin(opened, secrets, allowed, time.Now)
			if err != nil {
				return err
			}
			return run(cmd.Context(), admin, args)
		})
	}
	return c
}

func (p *program) addWebhookCommand() *cobra.Command {
	var kinds, aspects, types, classes []string
	var withDialog bool
	c := &cobra.Command{
		Use: "add URL", Short: "Add a webhook and print its id and its secret; the secret is shown only once", Args: takes("URL"),
		Example: `  dialogs webhook add https://example.com/hooks
  dialogs webhook add https://example.com/hooks --only created,deleted --types group --with-dialog`,
	}
	c.Flags().StringSliceVar(&kinds, "only", nil, "only changes of these kinds: created, updated, deleted; separated by commas")
	c.Flags().StringSliceVar(&aspects, "aspects", nil, "only changes of these parts, and all creations and deletions: name, photo, occupants, admins, owner, custom_data")
	c.Flags().StringSliceVar(&types, "types", nil, "only dialogs of these types: public_group, group, private")
	c.Flags().StringSliceVar(&classes, "class", nil, "only dialogs with custom data of these classes")
	c.Flags().BoolVar(&withDialog, "with-dialog", false, "include the current dialog in each delivery")
	return p.webhookSubcommand(c, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		spec := webhook.Spec{URL: dialog.Some(args[0]), WithDialog: dialog.Some(withDialog)}
		if err := parseWords("only", kinds, dialogjson.Kinds.Parse, &spec.Kinds); err != nil {
			return err
		}
		if err := parseWords("aspects", aspects, dialogjson.Aspects.Parse, &spec.Aspects); err != nil {
			return err
		}
		if err := parseWords("types", types, dialogjson.Types.Parse, &spec.Types); err != nil {
			return err
		}
		if classes != nil {
			spec.Classes = dialog.Some(classes)
		}
		h, secret, err := admin.Create(ctx, operator, spec)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "id      %s\nsecret  %s\n", h.ID, secret); err != nil { // nobody will ever know the secret
			_, removeErr := admin.Delete(ctx, operator, string(h.ID))
			return errors.Join(err, removeErr)
		}
		return nil
	})
}

// parseWords reads the words of a flag that was given.
func parseWords[T any](flag string, words []string, parse func([]string) ([]T, error), to *dialog.Optional[[]T]) error {
	if words == nil {
		return nil
	}
	list, err := parse(words)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	if list == nil {
		list = []T{}
	}
	*to = dialog.Some(list)
	return nil
}

func (p *program) listWebhooksCommand() *cobra.Command {
	var asJSON bool
	c := p.webhookSubcommand(&cobra.Command{
		Use: "list", Short: "List the webhooks", Args: takes(),
		Example: "  dialogs webhook list",
	}, func(ctx context.Context, admin *webhook.Admin, _ []string) error {
		all, err := admin.List(ctx, operator)
		if err != nil {
			return err
		}
		if asJSON {
			return writeLines(p.stdout, all, listedJSON)
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tSTATUS\tURL\tLAST ERROR")
		for _, h := range all {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", h.ID, h.Status, visible(h.URL), visible(h.LastError))
		}
		return table.Flush()
	})
	bindJSON(c, &asJSON)
	return c
}

func listedJSON(h *webhook.Listed) *dialogjson.Webhook {
	return dialogjson.NewWebhook(&h.Webhook, h.LastError, h.FailingSince)
}

func (p *program) showWebhookCommand() *cobra.Command {
	var asJSON bool
	c := p.webhookSubcommand(&cobra.Command{
		Use: "show ID", Short: "Show a webhook and the state of its deliveries", Args: takes("ID"),
		Example: "  dialogs webhook show 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		h, err := admin.Find(ctx, operator, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return writeVisible(p.stdout, listedJSON(&h))
		}
		return p.showWebhook(h)
	})
	bindJSON(c, &asJSON)
	return c
}

func (p *program) showWebhook(h webhook.Listed) error {
	instant := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	withDialog := ""
	if h.WithDialog {
		withDialog = "yes"
	}
	return p.printRows(
		[2]string{"id", string(h.ID)},
		[2]string{"url", h.URL},
		[2]string{"status", h.Status.String()},
		[2]string{"delivers", webhook.Describe(h.Filter)},
		[2]string{"with dialog", withDialog},
		[2]string{"created", instant(h.CreatedAt)},
		[2]string{"last error", h.LastError},
		[2]string{"failing since", instant(h.FailingSince)},
	)
}

func (p *program) removeWebhookCommand() *cobra.Command {
	return p.webhookSubcommand(&cobra.Command{
		Use: "remove ID", Short: "Remove a webhook", Args: takes("ID"),
		Example: "  dialogs webhook remove 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		_, err := admin.Delete(ctx, operator, args[0])
		return err
	})
}

func (p *program) statusCommand(use, short string, status dialog.WebhookStatus) *cobra.Command {
	return p.webhookSubcommand(&cobra.Command{
		Use: use + " ID", Short: short, Args: takes("ID"),
		Example: "  dialogs webhook " + use + " 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		_, err := admin.Update(ctx, operator, args[0], webhook.Spec{Status: dialog.Some(status)})
		return err
	})
}

func (p *program) rotateWebhookCommand() *cobra.Command {
	return p.webhookSubcommand(&cobra.Command{
		Use: "rotate ID", Short: "Create a new secret and print it; the old one also signs for 24 hours", Args: takes("ID"),
		Example: "  dialogs webhook rotate 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		_, secret, err := admin.Rotate(ctx, operator, args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, secret)
		return err
	})
}

func (p *program) replayWebhookCommand() *cobra.Command {
	var since string
	c := &cobra.Command{
		Use: "replay ID", Short: "Send all changes after a given time again, as far as they are still kept", Args: takes("ID"),
		Example: "  dialogs webhook replay 5d75393ba28f9a17e1cb0001 --since 2026-01-31T14:00:00Z",
	}
	c.Flags().StringVar(&since, "since", "", "time in RFC 3339, or how long ago, for example 2h; required")
	return p.webhookSubcommand(c, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		at, err := instantOrAgo("since", since)
		if err != nil {
			return err
		}
		_, err = admin.Replay(ctx, operator, args[0], at)
		return err
	})
}

func (p *program) testWebhookCommand() *cobra.Command {
	return p.webhookSubcommand(&cobra.Command{
		Use: "test ID", Short: "Send a message of the type \"test\" now, and show the result", Args: takes("ID"),
		Example: "  dialogs webhook test 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, admin *webhook.Admin, args []string) error {
		failure, err := admin.Test(ctx, operator, args[0])
		switch {
		case err != nil:
			return err
		case failure != "":
			return fmt.Errorf("the receiver did not accept the test: %s", visible(failure))
		}
		_, err = fmt.Fprintln(p.stdout, "The receiver accepted the test.")
		return err
	})
}
