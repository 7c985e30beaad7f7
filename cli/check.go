package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/api"
	"dialogs/store"
)

func (p *program) checkCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "check", Short: "Check a server's configuration and show the resulting settings; exits 0 or 1",
		Long: `Checks the settings as "serve" would, from the same flags and environment
variables, and shows the result with secrets hidden. It creates nothing and does
not open the port.`,
		Example: "  dialogs check --store mongodb://db.example.com/dialogs --secret-file secret",
		Args:    takes(),
	}
	s.bind(c.Flags())
	settable(c.Flags())
	c.Flags().SortFlags = false
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		given := givenFlags(cmd.Flags())
		err := notEmpty(cmd.Flags())
		unknown, namesErr := p.env.checkNames(cmd.Flags())
		err = errors.Join(err, namesErr, fromEnvironment(cmd.Flags(), p.env))
		var exposed []exposedFile
		if err == nil {
			exposed, err = s.exposedFiles()
			err = errors.Join(err, s.check(cmd.Context()))
		}
		if showErr := showSettings(p.stdout, cmd.Flags(), given, &s); showErr != nil {
			return showErr
		}
		for _, name := range unknown {
			_, _ = fmt.Fprintf(p.stdout, "%s is not a setting and is ignored\n", name)
		}
		for _, e := range exposed {
			_, _ = fmt.Fprintln(p.stdout, e)
		}
		if err == nil {
			_, err = fmt.Fprintln(p.stdout, "The configuration is valid.")
		}
		return err
	}
	return c
}

// check checks everything that serving would need, and creates nothing.
func (s *settings) check(ctx context.Context) error {
	if err := s.validate(); err != nil {
		return err
	}
	_, tlsErr := s.certificate(slog.New(slog.DiscardHandler))
	_, levelErr := s.level.read()
	_, trustedErr := s.readTrusted()
	_, secretErr := s.secret.find(&s.store)
	if errors.Is(secretErr, errNoSecret) { // serving makes one
		secretErr = nil
	}
	_, connectionsErr := s.connections(slog.New(slog.DiscardHandler))
	return errors.Join(tlsErr, levelErr, trustedErr, secretErr, connectionsErr, s.checkStore(ctx))
}

// checkStore asks the store whether it can serve. An embedded store that is
// not there yet is fine: serving makes one.
func (s *settings) checkStore(ctx context.Context) error {
	exists, err := store.Exists(s.store.address)
	if err != nil {
		return storeError("store", s.store.address, err)
	}
	if !exists {
		return nil
	}
	st, err := s.store.openExisting(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.store.options.Timeout)
	defer cancel()
	if err := st.Ping(ctx); err != nil {
		err = fmt.Errorf("%s: %s does not answer: %s", named("store"), s.store.name(), api.Cause(err))
		return errors.Join(err, st.Close())
	}
	return st.Close()
}

// givenFlags are the flags that the command line has set, until the environment sets more.
func givenFlags(fs *pflag.FlagSet) map[string]bool {
	given := map[string]bool{}
	fs.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	return given
}

// showSettings shows the value of every setting, and its source.
func showSettings(to io.Writer, fs *pflag.FlagSet, given map[string]bool, s *settings) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	fs.VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[isSetting]; !ok {
			return
		}
		from := "default"
		switch {
		case given[f.Name]:
			from = "flag"
		case s.dev && (f.Name == "introspection" || f.Name == "playground"):
			from = "dev"
		case f.Changed:
			from = variable(f.Name)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", f.Name, s.public(f), from)
	})
	_, _ = io.WriteString(table, "\n")
	return table.Flush()
}

// public is a setting's value without secrets.
func (s *settings) public(f *pflag.Flag) string {
	switch {
	case f.Name == "store" && s.store.addressFile == "":
		return s.store.name()
	case isSecret(f.Name) && f.Value.String() != "":
		return hiddenText
	case f.Value.String() == "", f.Value.String() == "[]":
		return "-"
	}
	list, several := f.Value.(pflag.SliceValue)
	if !several {
		return withoutSecrets(f.Value.String())
	}
	var texts []string
	for _, text := range list.GetSlice() {
		texts = append(texts, withoutSecrets(text))
	}
	return "[" + strings.Join(texts, ",") + "]"
}
