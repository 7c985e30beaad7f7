package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// A search is the flags of dialogs find.
type search struct {
	of, owner, name, since, after string
	types                         []string
	limit                         int
	count                         bool
}

func (p *program) findCommand() *cobra.Command {
	s := search{limit: dialog.DefaultPage}
	c := &cobra.Command{
		Use: "find", Short: "List dialogs, the latest changed first", Args: takes(),
		Long: `Lists dialogs, the latest changed first. Without --as-user it lists all of them;
with it, those that the user is part of.`,
		Example: `  dialogs find --of alice --type group,private
  dialogs find --name lunch --since 24h --json`,
	}
	f := c.Flags()
	f.StringVar(&s.of, "of", "", "only dialogs with this occupant")
	f.StringVar(&s.owner, "owner", "", "only dialogs of this owner")
	f.StringSliceVar(&s.types, "type", nil, "only dialogs of these types: public_group, group, private; separated by commas")
	f.StringVar(&s.name, "name", "", "only dialogs whose name contains this text, ignoring case")
	f.StringVar(&s.since, "since", "", "only dialogs that changed after this time in RFC 3339, or this long ago, for example 2h")
	f.Var(whole(&s.limit, 1, dialog.MaxPage), "limit", "maximum number of dialogs to list")
	f.StringVar(&s.after, "after", "", "continue after this cursor, which the page before shows")
	f.BoolVar(&s.count, "count", false, "print the number of dialogs only")
	return p.operate(c, func(ctx context.Context, o *operation, _ []string) error {
		request, err := s.request()
		if err != nil {
			return err
		}
		page, err := o.service.List(ctx, o.caller, request)
		if err != nil {
			return err
		}
		if s.count {
			n, err := o.service.CountAll(ctx, &page)
			if err != nil {
				return err
			}
			return o.printCount(n)
		}
		return o.printPage(ctx, &page)
	})
}

// request is what the flags ask for.
func (s *search) request() (dialog.ListRequest, error) {
	r := dialog.ListRequest{
		Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, First: dialog.Some(s.limit),
	}
	if s.of != "" {
		r.Filter.Occupants = []dialog.UserID{dialog.UserID(s.of)}
	}
	if s.owner != "" {
		r.Filter.Owner = dialog.Some(dialog.UserID(s.owner))
	}
	if s.name != "" {
		r.Filter.NameContains = dialog.Some(s.name)
	}
	if s.after != "" {
		r.After = dialog.Some(s.after)
	}
	if s.since != "" {
		at, err := instantOrAgo("since", s.since)
		if err != nil {
			return r, err
		}
		r.Filter.UpdatedAfter = dialog.Some(at)
	}
	var err error
	if r.Filter.Types, err = dialogjson.Types.Parse(s.types); err != nil {
		return r, fmt.Errorf("--type: %w", err)
	}
	return r, nil
}

// instantOrAgo reads a time, or how long ago it was.
func instantOrAgo(flag, text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("--%s %s: must be a time, for example 2026-01-31T14:00:00Z, or a duration, for example 2h", flag, dialog.Quote(text))
	}
	return time.Now().Add(-ago), nil
}

func (o *operation) printCount(n int) error {
	if o.json {
		return o.printJSON(struct {
			TotalCount int `json:"totalCount"`
		}{n})
	}
	_, err := fmt.Fprintln(o.stdout, n)
	return err
}

func (o *operation) printPage(ctx context.Context, page *dialog.Page) error {
	if o.json {
		for i := range page.Dialogs {
			if err := o.printJSON(dialogjson.NewDialog(&page.Dialogs[i])); err != nil {
				return err
			}
		}
		return o.printNext(ctx, page)
	}
	table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tTYPE\tOWNER\tOCCUPANTS\tUPDATED\tNAME")
	for i := range page.Dialogs {
		d := &page.Dialogs[i]
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", d.ID, word(d.Type), visible(string(d.Owner)), len(d.Occupants), dialogjson.Instant(d.UpdatedAt), visible(d.Name))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return o.printNext(ctx, page)
}

// printNext says how to continue, beside the output.
func (o *operation) printNext(ctx context.Context, page *dialog.Page) error {
	more, err := o.service.HasNext(ctx, page)
	if err != nil || !more {
		return err
	}
	_, err = fmt.Fprintf(o.stderr, "There are more: --after %s\n", page.EndCursor())
	return err
}
