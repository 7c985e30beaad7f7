package cli

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// An environment is the program's environment variables.
type environment map[string]string

func newEnvironment(environ []string) environment {
	env := environment{}
	for _, entry := range environ {
		if name, text, ok := strings.Cut(entry, "="); ok {
			env[name] = text
		}
	}
	return env
}

// injected are the variables that Kubernetes and Docker set in every container
// beside a service that is called "dialogs".
var injected = regexp.MustCompile(`^DIALOGS_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_.+)?|NAME|ENV_.+)$`)

// checkNames looks for variables that begin like a setting but are not one. One
// that is almost a setting is an error. The others are returned, sorted.
func (env environment) checkNames(settings *pflag.FlagSet) (unknown []string, err error) {
	var known []string
	settings.VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[isSetting]; ok {
			known = append(known, strings.TrimPrefix(variable(f.Name), prefix))
		}
	})
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(env)) {
		setting, ours := strings.CutPrefix(name, prefix)
		if !ours || slices.Contains(known, setting) {
			continue
		}
		if similar := mostSimilar(setting, known); similar != "" && !injected.MatchString(name) {
			errs = append(errs, fmt.Errorf("unknown setting %s in the environment; did you mean %s?", shown(name), prefix+similar))
			continue
		}
		unknown = append(unknown, name)
	}
	return unknown, errors.Join(errs...)
}
