package cli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dialogs/api"
	"dialogs/dialog"
)

// A value is a flag's value that checks itself, so that every error names the
// flag and its variable in the same way.
type value[T any] struct {
	to    *T
	parse func(string) (T, error)
	show  func(T) string
	kind  string
}

func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.to = parsed
	}
	return err
}
func (v *value[T]) String() string { return v.show(*v.to) }
func (v *value[T]) Type() string   { return v.kind }

// whole is a whole number from least to most.
func whole[T int | int64 | uint64](to *T, least, most T) pflag.Value {
	return &value[T]{to: to, kind: "number", show: func(n T) string { return fmt.Sprint(n) }, parse: func(text string) (T, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			return 0, errors.New("must be a whole number")
		case T(n) < least || n < 0 && least == 0:
			return 0, fmt.Errorf("must be at least %d", least)
		case T(n) > most:
			return 0, fmt.Errorf("must be at most %d", most)
		}
		return T(n), nil
	}}
}

// perSecond is a rate, or 0 for none.
func perSecond(to *float64) pflag.Value {
	const most = 1e6 // beyond that a bucket can't count
	return &value[float64]{to: to, kind: "rate", show: func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }, parse: func(text string) (float64, error) {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f >= 0 && f <= most) { // NaN too
			return 0, errors.New("must be a number from 0 to 1000000")
		}
		return f, nil
	}}
}

// period is a time span that is at least the given one.
func period(to *time.Duration, least time.Duration) pflag.Value {
	return periodWithin(to, least, math.MaxInt64)
}

// periodWithin is a time span from least to most.
func periodWithin(to *time.Duration, least, most time.Duration) pflag.Value {
	return &value[time.Duration]{to: to, kind: "duration", show: short, parse: func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil {
			if _, number := strconv.ParseFloat(text, 64); number == nil {
				return 0, fmt.Errorf("needs a unit, for example %ss", text)
			}
			return 0, errors.New("must be a duration, for example 5s or 1m30s")
		}
		if d < least {
			return 0, fmt.Errorf("must be at least %s", short(least))
		}
		if d > most {
			return 0, fmt.Errorf("must be at most %s", short(most))
		}
		return d, nil
	}}
}

// short writes a time span without the units that are zero: 720h, not 720h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if rest, zero := strings.CutSuffix(text, "m0s"); zero {
		text = rest + "m"
	}
	if rest, zero := strings.CutSuffix(text, "h0m"); zero {
		text = rest + "h"
	}
	return text
}

// oneOf is one of some words.
func oneOf(to *string, words ...string) pflag.Value {
	return &value[string]{to: to, kind: "word", show: func(s string) string { return s }, parse: func(text string) (string, error) {
		if !slices.Contains(words, text) {
			return "", fmt.Errorf("must be %s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
		}
		return text, nil
	}}
}

// origin is an http or https URL without a path; nil for none.
func origin(to **url.URL) pflag.Value {
	show := func(u *url.URL) string {
		if u == nil {
			return ""
		}
		return u.String()
	}
	return &value[*url.URL]{to: to, kind: "URL", show: show, parse: func(text string) (*url.URL, error) {
		u, err := url.Parse(strings.TrimSuffix(text, "/"))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() != u.String() {
			return nil, errors.New("must be http:// or https:// with a host and optionally a port, for example https://dialogs.example.com")
		}
		return u, nil
	}}
}

// networks are networks in CIDR notation, or single addresses.
func networks(to *[]netip.Prefix) pflag.Value {
	show := func(all []netip.Prefix) string {
		texts := make([]string, len(all))
		for i, n := range all {
			texts[i] = n.String()
		}
		return strings.Join(texts, ",")
	}
	return &value[[]netip.Prefix]{to: to, kind: "networks", show: show, parse: func(text string) ([]netip.Prefix, error) {
		var all []netip.Prefix
		for one := range strings.SplitSeq(text, ",") {
			n, err := parseNetwork(strings.TrimSpace(one))
			if err != nil {
				return nil, err
			}
			all = append(all, n)
		}
		return all, nil
	}}
}

func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	n, err := netip.ParsePrefix(text)
	switch {
	case err != nil || n.Addr().Is4In6():
		return netip.Prefix{}, errors.New("must be networks or addresses separated by commas, for example 10.0.0.0/8,fd00::/8")
	case n.Bits() == 0:
		return netip.Prefix{}, fmt.Errorf("%s would trust every client: list only the networks of your proxies", text)
	}
	return n.Masked(), nil
}

// prefix begins the names of the program's environment variables.
const prefix = "DIALOGS_"

// variable is the environment variable of a flag.
func variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// isSetting marks the flags that are also environment variables.
const isSetting = "setting"

// settable makes all flags of the set environment variables too, and says so
// in their help.
func settable(fs *pflag.FlagSet) {
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[isSetting] = nil
		f.Usage += " [" + variable(f.Name) + "]"
	})
}

// addSettings adds settings to a command, and makes them environment variables too. Flags that
// the command has already stay flags alone.
func addSettings(c *cobra.Command, binds ...func(*pflag.FlagSet)) {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, bind := range binds {
		bind(fs)
	}
	settable(fs)
	c.Flags().AddFlagSet(fs)
}

// fromEnvironment sets the settings among the flags that the command line did
// not set.
func fromEnvironment(fs *pflag.FlagSet, env environment) error {
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[isSetting]; !ok || f.Changed {
			return
		}
		if text := env[variable(f.Name)]; text != "" {
			if err := fs.Set(f.Name, text); err != nil {
				errs = append(errs, err)
			}
		}
	})
	return errors.Join(errs...)
}

// named is how an error calls a setting.
func named(flag string) string { return fmt.Sprintf("--%s (%s)", flag, variable(flag)) }

// nameOf is how an error calls a flag, which may be a setting or not.
func nameOf(f *pflag.Flag) string {
	if _, ok := f.Annotations[isSetting]; ok {
		return named(f.Name)
	}
	return "--" + f.Name
}

// flagError says what is wrong with a flag in the words of this program.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return usageError{fmt.Sprintf("--%s needs a value", missing.GetSpecifiedName())}
	}
	return err
}

// unknownFlag suggests a similar flag; for the program itself, also one of a server.
func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	dashes, name := "--", unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" { // of "-listen", pflag tells the l alone
		dashes, name = "-", letters
	}
	message := fmt.Sprintf("unknown flag %s%s for %q", dashes, shown(name), cmd.CommandPath())
	if similar := mostSimilar(name, flagNames(cmd.Flags())); similar != "" {
		return usageError{fmt.Sprintf("%s; did you mean --%s?", message, similar)}
	}
	if similar := mostSimilar(name, flagNames(serverFlags())); similar != "" && !cmd.HasParent() {
		return usageError{fmt.Sprintf("%s; did you mean %q?", message, cmd.CommandPath()+" serve --"+similar)}
	}
	return usageError{fmt.Sprintf("%s; run %q to list the flags", message, cmd.CommandPath()+" --help")}
}

// explain is an error as the command line shows it: one line for each of
// several.
func explain(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var lines []string
		for _, one := range several.Unwrap() {
			lines = append(lines, explain(one))
		}
		return strings.Join(lines, "\n")
	}
	var known *dialog.Error
	if errors.As(err, &known) && known.Code == dialog.Unavailable {
		// Its message is for callers of the APIs; here, the cause helps.
		return strings.Replace(err.Error(), known.Error(), "the store did not answer: "+api.Cause(known), 1)
	}
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	flag := invalid.GetFlag()
	name := nameOf(flag)
	cause := errors.Unwrap(invalid)
	if flag.Value.Type() == "bool" {
		cause = errors.New("must be true or false")
	}
	if isSecret(flag.Name) {
		return fmt.Sprintf("%s: %v", name, cause)
	}
	return fmt.Sprintf("%s %q: %v", name, shown(invalid.GetValue()), cause)
}

// shown shortens a typed value for an error, and hides secrets in a URL.
func shown(text string) string {
	const most = 60
	text = withoutSecrets(text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func flagNames(fs *pflag.FlagSet) []string {
	var names []string
	fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// mostSimilar is the name that was most likely meant by a mistyped one; empty
// if none is similar. Of three letters, at least two must be right.
func mostSimilar(mistyped string, names []string) string {
	distance := func(name string) int { return levenshtein.ComputeDistance(mistyped, name) }
	if len(names) == 0 || len(mistyped) < 3 {
		return ""
	}
	best := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	if most := min(2, (len(best)-1)/2); distance(best) > most {
		return ""
	}
	return best
}

// bindJSON adds the flag of a list that can be printed as JSON.
func bindJSON(c *cobra.Command, asJSON *bool) {
	c.Flags().BoolVar(asJSON, "json", false, "print JSON, one object per line")
}
