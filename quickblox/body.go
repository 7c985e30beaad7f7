package quickblox

import (
	"bytes"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"dialogs/api"
)

// read reads the parameters of a request. One that is in the query and in the
// body is the body's, as it is at QuickBlox.
func (p params) read(w http.ResponseWriter, r *http.Request, limit int64) error {
	if err := p.parseForm(r.URL.RawQuery); err != nil {
		return err
	}
	body, err := api.ReadBody(w, r, limit)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	given := params{values: map[string]any{}, fate: p.fate}
	if err := given.parseBody(r, body); err != nil {
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

// parseBody reads a body by its type.
func (p params) parseBody(r *http.Request, body []byte) error {
	contentType, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		contentType = ""
	}
	switch {
	case contentType == "application/json" && r.Method == http.MethodDelete && body[0] != '{':
		// QuickBlox's own example of a deletion says JSON and sends force=1.
		return p.parseForm(string(body))
	case contentType == "application/json":
		return p.parseJSON(r.Method, body)
	case contentType == "application/x-www-form-urlencoded":
		return p.parseForm(string(body))
	case contentType == "multipart/form-data":
		return p.parseMultipart(options["boundary"], body)
	case needsBody(r.Method):
		return invalid("", "Content-Type must be application/json, application/x-www-form-urlencoded or multipart/form-data")
	}
	p.ignore("body")
	return nil
}

// needsBody tells whether a body is where the parameters of such a request are
// expected. The libraries also send bodies without a meaning.
func needsBody(method string) bool { return method == http.MethodPost || method == http.MethodPut }

// parseJSON reads one object. Invalid UTF-8, lone surrogates, names given
// twice and whatever follows the object are errors.
func (p params) parseJSON(method string, body []byte) error {
	var value any
	err := api.UnmarshalExact(body, &value)
	object, isObject := value.(map[string]any)
	switch {
	case err != nil || !isObject && needsBody(method):
		return invalid("", "the request body must be one JSON object in UTF-8")
	case !isObject:
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
