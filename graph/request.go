package graph

import (
	"bytes"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/api"
	"dialogs/budget"
)

func badRequest(message string) error {
	return &api.Refusal{Code: api.BadUserInput, Message: message}
}

// params are a request's parameters, as GraphQL over HTTP names them. Names
// are matched exactly, and unknown ones are ignored.
type params struct {
	Query         *string        `json:"query"`
	OperationName *string        `json:"operationName"`
	DocumentID    *string        `json:"documentId"`
	Variables     map[string]any `json:"variables"`
	Extensions    map[string]any `json:"extensions"`
}

// readBody reads the parameters from the body of a POST request.
func readBody(r *http.Request, body *budget.Body) (*graphql.RawParams, error) {
	var p params
	err := body.DecodeJSON(r.Context(), func(content []byte) error {
		var ok bool
		if p, ok = readUsual(content); ok {
			return nil
		}
		if err := api.UnmarshalExact(content, &p); err != nil {
			return badBody(content)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.raw(r.Header)
}

// badBody returns the error for a body that can't be read, which says what it must be.
// Some clients send several operations as a list.
func badBody(content []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("[")) {
		return badRequest("batches are not supported: send each operation in its own request, as a JSON object")
	}
	return badRequest("the request body must be a JSON object in valid UTF-8 that has each name once: query is a string, variables and extensions are objects")
}

// readURL reads the parameters of a GET request.
func readURL(r *http.Request, requests *budget.Requests) (*graphql.RawParams, error) {
	values := r.URL.Query()
	var p params
	for name, to := range map[string]**string{"query": &p.Query, "operationName": &p.OperationName, "documentId": &p.DocumentID} {
		if values.Has(name) {
			*to = new(values.Get(name))
		}
	}
	for name, to := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
		if text := values.Get(name); text != "" {
			if _, err := requests.CountJSON([]byte(text)); err != nil {
				return nil, err
			}
			if err := api.UnmarshalExact([]byte(text), to); err != nil {
				return nil, badRequest("the parameter " + name + " must be a JSON object in UTF-8")
			}
		}
	}
	return p.raw(r.Header)
}

func (p *params) raw(h http.Header) (*graphql.RawParams, error) {
	if p.Query == nil {
		p.Query = new("")
	}
	if p.DocumentID != nil { // a documentId of GraphQL over HTTP, in the form of Apollo's extension
		p.Extensions = map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": strings.TrimPrefix(*p.DocumentID, "sha256:")}}
	}
	if *p.Query == "" && p.Extensions["persistedQuery"] == nil {
		return nil, badRequest("the parameter query is missing")
	}
	if !utf8.ValidString(*p.Query) {
		return nil, badRequest("the parameter query must be valid UTF-8")
	}
	raw := &graphql.RawParams{Query: *p.Query, Variables: p.Variables, Extensions: p.Extensions, Headers: h}
	if p.OperationName != nil {
		raw.OperationName = *p.OperationName
	}
	return raw, nil
}
