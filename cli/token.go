package cli

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dialogs/auth"
	"dialogs/dialog"
)

func (p *program) tokenCommand() *cobra.Command {
	var st storeSettings
	var secret secretSettings
	ttl := 2 * time.Hour
	c := &cobra.Command{
		Use: "token USER", Short: "Print a session token for a user", Args: takes("USER"),
		Example: "  dialogs token alice --ttl 24h",
		PreRunE: p.prepare,
	}
	st.bind(c.Flags())
	secret.bind(c.Flags())
	settable(c.Flags())
	c.Flags().Var(periodWithin(&ttl, time.Second, auth.MaxTTL), "ttl", "lifetime of the token, at most 720h")
	c.RunE = func(_ *cobra.Command, args []string) error {
		user, err := dialog.ParseUserID("USER", args[0])
		if err != nil {
			return err
		}
		if err := st.validate(); err != nil {
			return err
		}
		secrets, err := secret.ofServer(&st)
		if err != nil {
			return err
		}
		minter, err := auth.NewMinter(secrets, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		token, _, err := minter.Mint(user, ttl)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, token)
		return err
	}
	return c
}
