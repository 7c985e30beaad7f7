package e2e_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/servertest"
)

// A wire leads from one setting to what the program does.
type wire struct {
	// value differs from the setting's default.
	setting, value string
	// effect looks from outside for what the value changes. It is nil when the
	// effect of another wire in the same trial needs this one.
	effect func(*testing.T, *servertest.Server)
}

// A trial is one run of the program. Its settings don't disturb each other. A
// setting that has effects in several parts of the program has several trials.
type trial struct {
	name  string
	wires []wire
	// beside are settings that the effects need, as flags, and environ more
	// variables.
	beside, environ []string
	// store makes the store; nil for an embedded one.
	store func(*testing.T) (address string)
	// ends is for a program that does not serve with these settings: it looks
	// at what the program printed.
	ends func(*testing.T, servertest.Result)
}

// sources are the two ways to set something.
var sources = map[string]func([]wire) (args, environ []string){
	"flag": func(wires []wire) (args, _ []string) {
		for _, w := range wires {
			args = append(args, "--"+w.setting+"="+w.value)
		}
		return args, nil
	},
	"environment": func(wires []wire) (_, environ []string) {
		for _, w := range wires {
			environ = append(environ, variable(w.setting)+"="+w.value)
		}
		return nil, environ
	},
}

func variable(setting string) string {
	return "DIALOGS_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// TestWiring sets every setting of a server by its flag and by its variable,
// and looks for the effect.
func TestWiring(t *testing.T) {
	t.Parallel()
	for name, source := range sources {
		for _, trial := range trials(t) {
			t.Run(name+"/"+trial.name, func(t *testing.T) {
				t.Parallel()
				trial.run(t, source)
			})
		}
	}
}

// TestWiringIsComplete compares the trials with the settings that the help of
// serve lists.
func TestWiringIsComplete(t *testing.T) {
	help := servertest.Run(t, nil, "serve", "--help").Stdout
	listed := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+).*\[(DIALOGS_[A-Z_]+)\]`).FindAllStringSubmatch(help, -1) {
		if m[2] != variable(m[1]) {
			t.Errorf("--%s has the variable %s", m[1], m[2])
		}
		listed[m[1]] = 1
	}
	if len(listed) < 40 {
		t.Fatalf("the help lists only %d settings:\n%s", len(listed), help)
	}
	tried := map[string]int{}
	for _, trial := range trials(t) {
		for _, w := range trial.wires {
			tried[w.setting] = 1
		}
	}
	if diff := cmp.Diff(listed, tried); diff != "" {
		t.Errorf("settings in the help (-) and in the trials (+):\n%s", diff)
	}
}

// trials are all of them. Each call makes files of its own.
func trials(t *testing.T) []trial {
	t.Helper()
	return slices.Concat(servingTrials(t), limitTrials(), streamTrials(), timeTrials(), mongoTrials(), operatorTrials(t), endingTrials())
}

func (tr trial) run(t *testing.T, source func([]wire) (args, environ []string)) {
	t.Helper()
	store := filepath.Join(t.TempDir(), "data")
	if tr.store != nil {
		store = tr.store(t)
	}
	always := map[string]string{"listen": "127.0.0.1:0", "store": store}
	for _, w := range tr.wires {
		delete(always, strings.TrimSuffix(w.setting, "-file"))
	}
	command := []string{"serve"}
	for setting, value := range always {
		command = append(command, "--"+setting, value)
	}
	args, environ := source(tr.wires)
	command, environ = slices.Concat(command, args, tr.beside), slices.Concat(environ, tr.environ)
	if tr.ends != nil {
		tr.ends(t, servertest.Run(t, environ, command...))
		return
	}
	s := servertest.Serve(t, environ, store, command...)
	for _, w := range tr.wires {
		if w.effect != nil {
			t.Run(w.setting, func(t *testing.T) { w.effect(t, s.In(t)) })
		}
	}
}
