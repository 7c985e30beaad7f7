package quickblox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// params are parameters by name: those of a request, out of its query and its
// body, or those within one of them. A value is what JSON says: nil, bool,
// string, [json.Number], []any or map[string]any; what comes out of a query or
// a form is [dialog.Text] in place of the first four.
//
// Each take… method takes one parameter out. Parameters that are not taken are
// ignored, as QuickBlox ignores unknown ones.
type params struct {
	values map[string]any
	// within is the parameter that they are within; empty for a request's own.
	within string
	*fate
}

// A fate records what happened to the parameters of a request.
type fate struct {
	// ignored are the parameters without effect, as they were sent.
	ignored []string
	// sent are the names under which the domain's inputs were sent, where
	// there are several for one.
	sent map[string]string
	// longest is how many values a list may have that is one text, separated by
	// commas; 0 for any number.
	longest int
}

func newParams(values map[string]any) params {
	return params{values: values, fate: &fate{sent: map[string]string{}}}
}

// checkLists refuses texts that would be split into too many values.
func (f *fate) checkLists(value any, label string) error {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			if err := f.checkLists(element, label); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, element := range value {
			if err := f.checkLists(element, label+"["+shown(name)+"]"); err != nil {
				return err
			}
		}
	}
	text, _ := text(value)
	if n := strings.Count(text, ",") + 1; f.longest > 0 && n > f.longest {
		return invalid(label, fmt.Sprintf("too many values: %d (limit %d)", n, f.longest))
	}
	return nil
}

// sentAs notes the parameter of an input. An input with several parameters has
// all of their names, because it is not known which of them is refused.
func (f *fate) sentAs(input, label string) {
	if before, ok := f.sent[input]; ok && before != label {
		label = before + ", " + label
	}
	f.sent[input] = label
}

// label is a parameter as the request spells it.
func (p params) label(name string) string {
	if p.within == "" {
		return name
	}
	return p.within + "[" + name + "]"
}

// take takes a parameter of any value out.
func (p params) take(name string) (value any, given bool) {
	value, given = p.values[name]
	delete(p.values, name)
	return value, given
}

// ignore notes that parameters have no effect, by their labels.
func (f *fate) ignore(labels ...string) { f.ignored = append(f.ignored, labels...) }

// ignoreRest notes that the remaining parameters have no effect.
func (p params) ignoreRest() {
	for _, name := range slices.Sorted(maps.Keys(p.values)) { // the same in every run
		if nested, ok := p.values[name].(map[string]any); ok && len(nested) > 0 {
			params{nested, p.label(name), p.fate}.ignoreRest()
			continue
		}
		p.ignore(p.label(name))
	}
}
