package graph

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
)

const (
	typeJSON     = "application/json"
	typeResponse = "application/graphql-response+json"
	typeEvents   = "text/event-stream"

	noPreflight = "a GET request needs the header Content-Type: application/json or GraphQL-Require-Preflight: 1"
)

// The transports follow the specification of GraphQL over HTTP exactly: POST with a JSON
// body, and GET for queries. They replace those of gqlgen, which are less strict than the
// specification requires, and accept more than a server can afford.

// post serves queries and mutations.
type post struct {
	presenter
	requests *budget.Requests
}

// Supports reports whether post serves the request.
func (post) Supports(r *http.Request) bool {
	return r.Method == http.MethodPost && acceptable(r) && isPlainJSON(r.Header)
}

// Do serves one request.
func (t post) Do(w http.ResponseWriter, r *http.Request, run *runner) {
	defer t.recover(w, r)
	body, err := t.requests.Read(w, r, t.caller(r.Context()))
	if err != nil {
		t.refuse(w, r, err)
		return
	}
	defer body.Close()
	raw, err := readBody(r, body)
	if err != nil {
		t.refuse(w, r, err)
		return
	}
	t.execute(w, r, raw, run, ast.Query, ast.Mutation)
}

// get serves queries.
type get struct {
	presenter
	requests *budget.Requests
}

// Supports reports whether get serves the request. HEAD is like GET; net/http leaves out
// the body.
func (get) Supports(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && acceptable(r) && r.Header.Get("Upgrade") == ""
}

// Do serves one request.
func (t get) Do(w http.ResponseWriter, r *http.Request, run *runner) {
	defer t.recover(w, r)
	if !preflighted(r.Header) {
		t.refuse(w, r, badRequest(noPreflight))
		return
	}
	raw, err := readURL(r, t.requests)
	if err != nil {
		t.refuse(w, r, err)
		return
	}
	t.execute(w, r, raw, run, ast.Query)
}

// unserved explains why none of the other transports serves a request.
type unserved struct{}

// Supports takes every request.
func (unserved) Supports(*http.Request) bool { return true }

// Do refuses one request.
func (unserved) Do(w http.ResponseWriter, r *http.Request, _ *runner) {
	refusal := &api.Refusal{Code: api.BadUserInput}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		refusal.Status, refusal.Message = http.StatusMethodNotAllowed, "GraphQL requests must use GET or POST"
	case !acceptable(r):
		refusal.Status, refusal.Message = http.StatusNotAcceptable, "Accept must allow "+typeResponse+", "+typeJSON+" or "+typeEvents
	case r.Method == http.MethodPost:
		refusal.Status, refusal.Message = http.StatusUnsupportedMediaType, "a POST request needs Content-Type: application/json, in UTF-8 and uncompressed"
	default:
		refusal.Message = "the protocol in the header Upgrade is not supported"
	}
	Refuse(w, r, refusal)
}

// execute runs an operation of one of these kinds, and answers with its result.
func (p presenter) execute(w http.ResponseWriter, r *http.Request, raw *graphql.RawParams, run *runner, kinds ...ast.Operation) {
	op, errs := run.create(r.Context(), raw)
	if r.Context().Err() != nil {
		Refuse(w, r, &api.Refusal{Code: api.Unavailable, Message: tooLate().Message})
		return
	}
	if len(errs) > 0 {
		p.observer.Operation("", codeOf(errs[0]))
		writeRequestError(w, r, run.refused(r.Context(), op, errs))
		return
	}
	if kind := op.Operation.Operation; !slices.Contains(kinds, kind) {
		p.refuse(w, r, unservedKind(w, r, kind))
		return
	}
	if err := charge(r.Context(), op); err != nil {
		p.refuse(w, r, err)
		return
	}
	end, err := p.turn(r.Context(), op)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	defer end()
	answering, answer := p.answering(r.Context(), op)
	defer answer.Close()
	responses, ctx := run.dispatch(answering, op)
	response := responses(ctx)
	if response != nil {
		response.Errors = answer.told(response.Errors)
		answer.Made(len(response.Data))
	}
	switch {
	case response == nil: // ctx has ended: the time is up, or the client is gone
		Refuse(w, r, stopped(op))
	case response.Data == nil: // refused before anything was executed
		writeRequestError(w, r, response)
	case len(response.Errors)+len(response.Extensions) == 0:
		// The data is already JSON, and it is the largest part of the answer.
		writeBody(w, mediaType(r), http.StatusOK, []byte(`{"data":`), response.Data, []byte("}"))
	default:
		noteErrors(ctx, response.Errors)
		response.Errors = bounded(response.Errors, executedErrorBytes)
		writeResponse(w, r, http.StatusOK, response)
	}
}

// unservedKind returns the error for a kind of operation that cannot be sent in this way.
func unservedKind(w http.ResponseWriter, r *http.Request, kind ast.Operation) error {
	if kind == ast.Subscription {
		return badRequest(noSubscription)
	}
	w.Header().Set("Allow", http.MethodPost)
	return &api.Refusal{
		Code: api.BadUserInput, Status: http.StatusMethodNotAllowed,
		Message: "a " + string(kind) + " cannot be sent with " + r.Method,
	}
}

// recover answers after a panic outside of any field.
func (p presenter) recover(w http.ResponseWriter, r *http.Request) {
	if v := recover(); v != nil {
		p.refuse(w, r, api.Recovered(r.Context(), p.log, v))
	}
}

func (p presenter) refuse(w http.ResponseWriter, r *http.Request, err error) {
	Refuse(w, r, api.RefusalOf(r.Context(), p.log, err))
}

// Refuse answers a request that was not executed. It implements [api.Refuser].
func Refuse(w http.ResponseWriter, r *http.Request, refusal *api.Refusal) {
	refusal.SetHeader(w.Header())
	api.NoteLimit(r.Context(), refusal.Limit())
	errs := gqlerror.List{{Message: refusal.Message, Extensions: extensions(refusal)}}
	noteErrors(r.Context(), errs)
	writeResponse(w, r, refusal.HTTPStatus(), bareResponse{Errors: bounded(errs, requestErrorBytes)})
}

// A bareResponse answers a request that was not executed: it has no data entry.
type bareResponse struct {
	Errors     gqlerror.List  `json:"errors"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// writeRequestError answers a well-formed request whose document or variables are invalid.
// With application/json, the status is 200, which means that the answer comes from
// GraphQL.
func writeRequestError(w http.ResponseWriter, r *http.Request, response *graphql.Response) {
	noteErrors(r.Context(), response.Errors)
	status := http.StatusOK
	if mediaType(r) == typeResponse {
		status = http.StatusBadRequest
	}
	writeResponse(w, r, status, bareResponse{Errors: bounded(response.Errors, requestErrorBytes), Extensions: response.Extensions})
}

func writeResponse(w http.ResponseWriter, r *http.Request, status int, response any) {
	writeBody(w, mediaType(r), status, encode(response))
}

// These are values of headers. They are shared by all answers, and must not be changed.
var (
	contentTypes = map[string][]string{typeJSON: {typeJSON + "; charset=utf-8"}, typeResponse: {typeResponse + "; charset=utf-8"}}
	nosniff      = []string{"nosniff"}
	noStore      = []string{"no-store"}
)

// joinedBytes is up to how many bytes the parts of an answer are copied to write them at
// once: each write has a deadline, and takes locks.
const joinedBytes = 8 << 10

func writeBody(w http.ResponseWriter, contentType string, status int, parts ...[]byte) {
	h, length := w.Header(), 0
	for _, part := range parts {
		length += len(part)
	}
	h["Content-Type"] = contentTypes[contentType]
	h["Content-Length"] = []string{strconv.Itoa(length)}
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	w.WriteHeader(status)
	if length <= joinedBytes && len(parts) > 1 {
		parts = [][]byte{slices.Concat(parts...)}
	}
	for _, part := range parts {
		_, _ = w.Write(part) // the client may have gone
	}
}
