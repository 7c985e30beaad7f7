package quickblox

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dialogs/dialog"
)

// parseForm reads a form or a query, whose names tell how values nest:
// push_all[occupants_ids][]=1.
func (p params) parseForm(text string) error {
	values := map[string][]string{}
	for pair := range strings.SplitSeq(text, "&") {
		encodedName, encodedValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(encodedName)
		if err != nil {
			return invalid("", "the query or form has an invalid percent-encoding")
		}
		value, err := url.QueryUnescape(encodedValue)
		if err != nil {
			return invalid(shown(name), "the value has an invalid percent-encoding")
		}
		if pair != "" {
			values[name] = append(values[name], value)
		}
	}
	return p.putAll(values)
}

// maxNesting is how deep a form's names may nest: one more than any that has a
// meaning.
const maxNesting = 3

// putAll puts the values of a form's names where they belong. Names that can't
// be understood are ignored.
func (p params) putAll(values map[string][]string) error {
	values = joinNumbered(values)
	for _, name := range slices.Sorted(maps.Keys(values)) { // the same in every run
		path, isList, ok := splitName(name)
		if !ok || len(path) > maxNesting {
			p.ignore(name)
			continue
		}
		if !p.put(path, isList, values[name]) {
			return invalid(shown(name), "conflicts with another parameter of the request")
		}
	}
	return nil
}

// numbered splits the name of one element of a list, as encoders of forms write it
// that number them: push_all[occupants_ids][0].
func numbered(name string) (list string, at int, ok bool) {
	open := strings.LastIndexByte(name, '[')
	digits, closed := strings.CutSuffix(name[open+1:], "]")
	if open < 1 || !closed || len(digits) == 0 || len(digits) > 6 || strings.Trim(digits, "0123456789") != "" {
		return "", 0, false
	}
	list = name[:open]
	at, _ = strconv.Atoi(digits) // up to six digits
	return list, at, list != "]" && strings.HasSuffix(list, "]") || !strings.ContainsAny(list, "[]")
}

// joinNumbered makes one list of the values whose names only differ in a number
// at the end, in the order of their numbers.
func joinNumbered(values map[string][]string) map[string][]string {
	type element struct {
		at   int
		name string
	}
	lists := map[string][]element{}
	for name := range values {
		if list, at, ok := numbered(name); ok {
			lists[list+"[]"] = append(lists[list+"[]"], element{at, name})
		}
	}
	for list, elements := range lists {
		slices.SortFunc(elements, func(a, b element) int { return cmp.Or(a.at-b.at, strings.Compare(a.name, b.name)) })
		for _, e := range elements {
			values[list] = append(values[list], values[e.name]...)
			delete(values, e.name)
		}
	}
	return values
}

// put puts the values of one name where they belong; not ok when something else
// is there. Of several values that are not a list, the last one counts.
func (p params) put(path []string, isList bool, values []string) (ok bool) {
	at := p.values
	for _, segment := range path[:len(path)-1] {
		if at[segment] == nil {
			at[segment] = map[string]any{}
		}
		if at, ok = at[segment].(map[string]any); !ok {
			return false
		}
	}
	last := path[len(path)-1]
	switch already := at[last].(type) {
	case nil:
	case dialog.Text: // name=1&name[]=2: sorted by name, the list comes second
		values = slices.Insert(slices.Clone(values), 0, string(already))
	default:
		return false
	}
	if !isList {
		if len(values) > 1 {
			p.ignore(joinName(path)) // all but the last
		}
		at[last] = dialog.Text(values[len(values)-1])
		return true
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = dialog.Text(value)
	}
	at[last] = list
	return true
}

// splitName splits a[b][c][] into a, b and c, which is a list. Some libraries
// write a list as [][]. It only splits off one part more than may nest.
func splitName(name string) (path []string, isList, ok bool) {
	for strings.HasSuffix(name, "[]") {
		name, isList = strings.TrimSuffix(name, "[]"), true
	}
	first, rest, nested := strings.Cut(name, "[")
	path = []string{first}
	for nested && len(path) <= maxNesting {
		var segment string
		if segment, rest, ok = strings.Cut(rest, "]"); !ok {
			return nil, false, false
		}
		path = append(path, segment)
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, "["); !ok {
			return nil, false, false
		}
	}
	return path, isList, !slices.Contains(path, "")
}

// joinName is a[b][c] of a, b and c.
func joinName(path []string) string {
	name := path[0]
	for _, segment := range path[1:] {
		name += "[" + segment + "]"
	}
	return name
}

// shown is a name out of a request, as an answer may quote it.
func shown(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most-1]) + "…"
	}
	return strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", "\uFFFD"), "\uFFFD")
}
