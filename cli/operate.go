package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// An operation is one command of an operator on the dialogs of a store, by the same rules
// as the APIs: as a server, or as one user.
type operation struct {
	*program
	store   dialog.Store
	service *dialog.Service
	caller  dialog.Caller
	json    bool
}

// operate makes a command that works with the dialogs of a store.
func (p *program) operate(c *cobra.Command, run func(ctx context.Context, o *operation, args []string) error) *cobra.Command {
	var st storeSettings
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	var asUser string
	o := operation{program: p}
	addSettings(c, st.bind, func(fs *pflag.FlagSet) {
		bindLimits(fs, &policy.Limits)
		bindKept(fs, &policy.SyncKept)
	})
	c.Flags().StringVar(&asUser, "as-user", "", "act with the permissions of this user, not as a server")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON with the names of the GraphQL schema, one object per line")
	c.PreRunE = p.prepare
	c.RunE = func(cmd *cobra.Command, args []string) error {
		o.caller = operator
		if asUser != "" {
			user, err := dialog.ParseUserID("--as-user", asUser)
			if err != nil {
				return err
			}
			o.caller.User = user
		}
		if err := st.validate(); err != nil {
			return err
		}
		opened, err := st.openExisting(cmd.Context())
		return with(opened, err, func(opened dialog.Store) error {
			o.store = opened
			o.service = dialog.NewService(opened, policy, time.Now, rand.Reader)
			return run(cmd.Context(), &o, args)
		})
	}
	return c
}

func (p *program) showCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "show ID", Short: "Show a dialog", Args: takes("ID"),
		Example: "  dialogs show 5d75393ba28f9a17e1cb0001 --json",
	}, func(ctx context.Context, o *operation, args []string) error {
		d, err := o.service.Dialog(ctx, o.caller, args[0], false)
		if err != nil {
			return err
		}
		return o.show(&d)
	})
}

func (p *program) renameCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "rename ID NAME", Short: "Rename a dialog", Args: takes("ID", "NAME"),
		Example: `  dialogs rename 5d75393ba28f9a17e1cb0001 "Lunch at noon"`,
	}, func(ctx context.Context, o *operation, args []string) error {
		return o.update(ctx, args[0], dialog.Change{Name: dialog.Some(args[1])})
	})
}

func (p *program) addCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "add ID USER...", Short: "Add occupants to a group", Args: atLeast("ID", "USER"),
		Example: `  dialogs add 5d75393ba28f9a17e1cb0001 bob carol
  dialogs add 5d75393ba28f9a17e1cb0001 bob --as-user alice`,
	}, func(ctx context.Context, o *operation, args []string) error {
		return o.update(ctx, args[0], dialog.Change{AddOccupants: userIDs(args[1:])})
	})
}

func (p *program) removeCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "remove ID USER...", Short: "Remove occupants from a group", Args: atLeast("ID", "USER"),
		Example: "  dialogs remove 5d75393ba28f9a17e1cb0001 bob carol",
	}, func(ctx context.Context, o *operation, args []string) error {
		return o.update(ctx, args[0], dialog.Change{RemoveOccupants: userIDs(args[1:])})
	})
}

func (p *program) deleteCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "delete ID", Short: "Delete a dialog for everyone", Args: takes("ID"),
		Example: "  dialogs delete 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, o *operation, args []string) error {
		return o.update(ctx, args[0], dialog.Change{Delete: true})
	})
}

func userIDs(args []string) []dialog.UserID {
	ids := make([]dialog.UserID, len(args))
	for i, arg := range args {
		ids[i] = dialog.UserID(arg)
	}
	return ids
}

// update makes a change, and shows the dialog as it is afterwards.
func (o *operation) update(ctx context.Context, id string, change dialog.Change) error {
	out, err := o.service.Update(ctx, o.caller, id, change)
	if err != nil {
		return err
	}
	if !out.Dialog.Deleted {
		return o.show(&out.Dialog)
	}
	if o.json {
		return o.printJSON(struct {
			DeletedID dialog.ID `json:"deletedId"`
		}{out.Dialog.ID})
	}
	became := "is deleted"
	if o.caller.Kind() == dialog.User {
		became = "is deleted, or no longer visible to this user"
	}
	_, err = fmt.Fprintf(o.stdout, "%s %s.\n", out.Dialog.ID, became)
	return err
}

func (o *operation) printJSON(v any) error { return writeVisible(o.stdout, v) }

// show prints one dialog.
func (o *operation) show(d *dialog.Dialog) error {
	if o.json {
		return o.printJSON(dialogjson.NewDialog(d))
	}
	rows := [][2]string{
		{"id", string(d.ID)},
		{"type", word(d.Type)},
		{"name", d.Name},
		{"photo", d.Photo},
		{"owner", string(d.Owner)},
		{"admins", people(d.Admins)},
		{"occupants", people(d.Occupants)},
	}
	for _, class := range d.Custom.Classes() {
		for _, name := range slices.Sorted(maps.Keys(d.Custom[class])) {
			rows = append(rows, [2]string{class + "." + name, string(d.Custom[class][name])})
		}
	}
	rows = append(rows, [2]string{"created", dialogjson.Instant(d.CreatedAt)}, [2]string{"updated", dialogjson.Instant(d.UpdatedAt)},
		[2]string{"version", fmt.Sprint(d.Version)})
	return o.printRows(rows...)
}

func word(t dialog.Type) string { return dialogjson.Types.Words([]dialog.Type{t})[0] }

// peopleShown is how many users a line shows.
const peopleShown = 20

// people are users in one line, the first ones if there are many.
func people(ids []dialog.UserID) string {
	var texts []string
	for _, id := range ids[:min(len(ids), peopleShown)] {
		texts = append(texts, string(id))
	}
	text := strings.Join(texts, ", ")
	if more := len(ids) - peopleShown; more > 0 {
		text += fmt.Sprintf(" and %d more (--json shows all)", more)
	}
	return text
}

// printRows prints names and values, without those that are empty.
func (p *program) printRows(rows ...[2]string) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", row[0], visible(row[1]))
		}
	}
	return table.Flush()
}
