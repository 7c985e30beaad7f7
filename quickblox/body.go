package quickblox

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"dialogs/api"
	"dialogs/budget"
)

// readQuery reads the parameters in a request's URL.
func (p params) readQuery(r *http.Request, requests *budget.Requests) error {
	if _, err := requests.CountSeparators([]byte(r.URL.RawQuery), "&"); err != nil {
		return err
	}
	return p.parseForm(r.URL.RawQuery)
}

// readBody reads the parameters in a request's body. If one is in the query
// too, the body wins, as in QuickBlox.
func (p params) readBody(r *http.Request, requests *budget.Requests, body *budget.Body) error {
	if len(body.Bytes) == 0 {
		return nil
	}
	given := params{values: map[string]any{}, fate: p.fate}
	read, count, err := given.parser(r, body.Bytes)
	if err != nil || read == nil {
		return err
	}
	values, err := count(requests, body.Bytes)
	if err != nil {
		return err
	}
	if err := body.Decode(r.Context(), values, read); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(given.values)) {
		if _, twice := p.values[name]; twice {
			p.ignore(name)
		}
		p.values[name] = given.values[name]
	}
	return nil
}

// A counter counts the values of a body before it is parsed.
type counter func(*budget.Requests, []byte) (int, error)

func countForm(requests *budget.Requests, body []byte) (int, error) {
	return requests.CountSeparators(body, "&")
}

// parser returns what parses a body of the request's type, nil when the body is
// ignored, and what counts its values.
func (p params) parser(r *http.Request, body []byte) (parse func([]byte) error, count counter, err error) {
	form := func(body []byte) error { return p.parseForm(string(body)) }
	contentType, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		contentType = ""
	}
	switch {
	case isJSON(contentType) && r.Method == http.MethodDelete && !mayBeJSON(body):
		// QuickBlox's own example of a deletion says JSON and sends force=1.
		return form, countForm, nil
	case isJSON(contentType):
		return p.parseJSON, (*budget.Requests).CountJSON, nil
	case contentType == "application/x-www-form-urlencoded":
		return form, countForm, nil
	case contentType == "multipart/form-data":
		boundary := options["boundary"]
		return func(body []byte) error { return p.parseMultipart(boundary, body) },
			func(requests *budget.Requests, body []byte) (int, error) {
				return requests.CountSeparators(body, "--"+boundary)
			}, nil
	case needsBody(r.Method):
		return nil, nil, invalid("", "Content-Type must be application/json, application/x-www-form-urlencoded or multipart/form-data")
	}
	p.ignore("body")
	return nil, nil, nil
}

// needsBody tells whether a body is where the parameters of such a request are
// expected. The libraries also send meaningless bodies.
func needsBody(method string) bool { return method == http.MethodPost || method == http.MethodPut }

func isJSON(contentType string) bool {
	return slices.Contains([]string{"application/json", "text/json", "text/x-json", "application/x-json"}, contentType)
}

// mayBeJSON tells a JSON value from a form.
func mayBeJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n\uFEFF")
	return len(body) == 0 || body[0] == '{' || json.Valid(body)
}

// parseJSON reads one object; other values, and a body of white space, are
// ignored. Invalid UTF-8, lone surrogates, names given twice and whatever
// follows the value are errors.
func (p params) parseJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var value any
	if err := api.UnmarshalExact(body, &value); err != nil {
		return invalid("", "the request body must be one JSON object in UTF-8, with each name once")
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		p.ignore("body")
		return nil
	}
	maps.Copy(p.values, object)
	return nil
}

// parseMultipart reads the fields of a form in several parts, which is what
// older libraries send. Files have no meaning here.
func (p params) parseMultipart(boundary string, body []byte) error {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(int64(len(body)))
	if err != nil {
		return invalid("", "the multipart form in the request body is malformed")
	}
	defer func() { _ = form.RemoveAll() }() // there are no files: all of the body fits in memory
	p.ignore(slices.Sorted(maps.Keys(form.File))...)
	return p.putAll(form.Value)
}
