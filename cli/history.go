package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

func (p *program) historyCommand() *cobra.Command {
	return p.operate(&cobra.Command{
		Use: "history ID", Short: "List the latest changes of a dialog, with who made them", Args: takes("ID"),
		Example: "  dialogs history 5d75393ba28f9a17e1cb0001",
	}, func(ctx context.Context, o *operation, args []string) error {
		d, err := o.service.Dialog(ctx, o.caller, args[0], true)
		if err != nil {
			return err
		}
		if o.json {
			for i := range d.History {
				if err := o.printJSON(dialogjson.NewChange(&d.History[i])); err != nil {
					return err
				}
			}
			return nil
		}
		table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "VERSION\tAT\tBY\tCHANGE")
		for i := range d.History {
			r := &d.History[i]
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", r.Version, dialogjson.Instant(r.At), visible(by(r.Actor)), visible(describe(r)))
		}
		return table.Flush()
	})
}

// by names who made a change.
func by(a dialog.Actor) string {
	if a.APIKey == "" {
		return string(a.User)
	}
	if a.User == "" {
		return "API key " + a.APIKey
	}
	return fmt.Sprintf("%s through API key %s", a.User, a.APIKey)
}

// describe says in one line what a change did.
func describe(r *dialog.Record) string {
	parts := dialogjson.Kinds.Words([]dialog.RecordKind{r.Kind})
	add := func(what string, text string) {
		if text != "" {
			parts = append(parts, what+" "+text)
		}
	}
	add("name", r.Name)
	add("added", people(r.Joined))
	add("removed", people(r.Left))
	add("new admins", people(r.NewAdmins))
	add("admins no longer", people(r.LostAdmins))
	add("new owner", string(r.NewOwner))
	for _, a := range r.Changed {
		if a == dialog.AspectPhoto || a == dialog.AspectCustomData {
			parts = append(parts, strings.ReplaceAll(dialogjson.Aspects.Words([]dialog.Aspect{a})[0], "_", " "))
		}
	}
	return strings.Join(parts, "; ")
}
