package quickblox

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dialogs/api"
	"dialogs/dialog"
)

// params are a request's parameters by name, out of its query and its body.
// A value is what JSON says: nil, bool, string, [json.Number], []any or
// map[string]any; what comes out of a query or a form is [dialog.Text] in
// place of the first four.
type params map[string]any

// readParams reads the query and the body of a request.
func readParams(r *http.Request) (params, error) {
	all, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &api.Refusal{
				Code: api.BadUserInput, Status: http.StatusRequestEntityTooLarge,
				Message: fmt.Sprintf("the request body is too large (limit %d bytes)", tooLarge.Limit),
			}
		}
		return nil, invalid("", "the request body could not be read")
	}
	if len(body) == 0 {
		return all, nil
	}
	given, err := parseBody(r, body)
	if err != nil {
		return nil, err
	}
	for name, value := range given {
		if _, twice := all[name]; twice {
			return nil, invalid(shown(name), "is in the query and in the body")
		}
		all[name] = value
	}
	return all, nil
}

func parseBody(r *http.Request, body []byte) (params, error) {
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		contentType = ""
	}
	switch {
	case contentType == "application/json" && r.Method == http.MethodDelete && body[0] != '{':
		// QuickBlox's own example of a deletion says JSON and sends force=1.
		return parseForm(string(body))
	case contentType == "application/json":
		return parseJSON(body)
	case contentType == "application/x-www-form-urlencoded":
		return parseForm(string(body))
	}
	return nil, invalid("", "the Content-Type of a request with a body is application/json or application/x-www-form-urlencoded")
}

// parseJSON reads one object. Invalid UTF-8, lone surrogates, names given
// twice and whatever follows the object are errors.
func parseJSON(body []byte) (params, error) {
	var object map[string]any
	if err := api.UnmarshalExact(body, &object); err != nil || object == nil {
		return nil, invalid("", "the request body must be one JSON object in valid UTF-8")
	}
	return object, nil
}

// parseForm reads a form or a query, whose names tell how values nest:
// push_all[occupants_ids][]=1.
func parseForm(text string) (params, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("", "the query or form is not well encoded")
	}
	all := params{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := all.put(name, values[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// maxNesting is how deep a form's names may nest: one more than any that is
// known.
const maxNesting = 3

// put puts the values of one name of a form where they belong.
func (p params) put(name string, values []string) error {
	malformed := invalid(shown(name), "this is no name of a parameter, such as name, type[in] or push_all[occupants_ids][]")
	path, isList, ok := splitName(name)
	if !ok || len(path) > maxNesting {
		return malformed
	}
	at := map[string]any(p)
	for _, segment := range path[:len(path)-1] {
		if at[segment] == nil {
			at[segment] = map[string]any{}
		}
		if at, ok = at[segment].(map[string]any); !ok {
			return malformed
		}
	}
	last := path[len(path)-1]
	if _, twice := at[last]; twice || !isList && len(values) > 1 {
		return invalid(shown(name), "is given more than once")
	}
	if !isList {
		at[last] = dialog.Text(values[0])
		return nil
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = dialog.Text(value)
	}
	at[last] = list
	return nil
}

// splitName takes a[b][c][] apart into a, b and c, which is a list.
func splitName(name string) (path []string, isList, ok bool) {
	name, isList = strings.CutSuffix(name, "[]")
	first, rest, nested := strings.Cut(name, "[")
	path = []string{first}
	for nested {
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
	if slices.Contains(path, "") {
		return nil, false, false
	}
	return path, isList, true
}

// shown is a name that a request came up with, as an answer may quote it.
func shown(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most] + "…"
	}
	return strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", "\uFFFD"), "\uFFFD")
}
