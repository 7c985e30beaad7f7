package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// statistics are what a store has, as numbers.
type statistics struct {
	Dialogs     int            `json:"dialogs"`
	ByType      map[string]int `json:"byType"`
	Classes     int            `json:"customClasses"`
	APIKeys     int            `json:"apiKeys"`
	Webhooks    int            `json:"webhooks"`
	EndedTokens int            `json:"endedSessions"`
}

func (p *program) statsCommand() *cobra.Command {
	var asJSON bool
	c := p.storeCommand(&cobra.Command{
		Use: "stats", Short: "Count what a store has; works while a server runs", Args: takes(),
		Example: `  dialogs stats
  dialogs stats --store ./data --json`,
	}, func(ctx context.Context, s *storeSettings, _ []string) error {
		st, err := s.openExisting(ctx)
		return with(st, err, func(st dialog.Store) error {
			stats, err := count(ctx, st)
			if err != nil {
				return err
			}
			if asJSON {
				return writeVisible(p.stdout, stats)
			}
			return p.printRows(
				[2]string{"dialogs", fmt.Sprint(stats.Dialogs)},
				[2]string{"  public groups", fmt.Sprint(stats.ByType["PUBLIC_GROUP"])},
				[2]string{"  groups", fmt.Sprint(stats.ByType["GROUP"])},
				[2]string{"  private", fmt.Sprint(stats.ByType["PRIVATE"])},
				[2]string{"custom classes", fmt.Sprint(stats.Classes)},
				[2]string{"API keys", fmt.Sprint(stats.APIKeys)},
				[2]string{"webhooks", fmt.Sprint(stats.Webhooks)},
				[2]string{"ended sessions", fmt.Sprint(stats.EndedTokens)},
			)
		})
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func count(ctx context.Context, st dialog.Store) (statistics, error) {
	s := statistics{ByType: map[string]int{}}
	for _, t := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
		n, err := st.Count(ctx, dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{Types: []dialog.Type{t}}})
		if err != nil {
			return s, err
		}
		s.ByType[dialogjson.Types.Name(t)] = n
		s.Dialogs += n
	}
	classes, err := st.Classes(ctx)
	if err != nil {
		return s, err
	}
	keys, err := st.APIKeys(ctx)
	if err != nil {
		return s, err
	}
	webhooks, err := st.Webhooks(ctx)
	if err != nil {
		return s, err
	}
	sessions, err := st.EndedSessions(ctx)
	if err != nil {
		return s, err
	}
	s.Classes, s.APIKeys, s.Webhooks, s.EndedTokens = len(classes), len(keys), len(webhooks), len(sessions)
	return s, nil
}
