package graph

import (
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/graph/model"
)

const (
	typeJSON     = "application/json"
	typeResponse = "application/graphql-response+json"
)

// httpTransport serves GraphQL over HTTP to the letter of its specification:
// POST with a JSON body, and GET for queries. It takes gqlgen's place where
// that is laxer than the specification asks or a server can afford.
type httpTransport struct {
	// bodyLimit is in bytes.
	bodyLimit int64
}

// Supports takes every request: what is not served is answered here too.
func (httpTransport) Supports(*http.Request) bool { return true }

// Do serves one request.
func (t httpTransport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	contentType, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		writeResponse(w, typeJSON, http.StatusNotAcceptable, failed(&requestError{
			http.StatusNotAcceptable, "the server answers with " + typeResponse + " or " + typeJSON,
		}))
		return
	}
	raw, err := t.read(w, r)
	if err != nil {
		refuse(w, contentType, err)
		return
	}
	ctx := r.Context()
	op, errs := exec.CreateOperationContext(ctx, raw)
	if len(errs) > 0 {
		response := exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)
		writeResponse(w, contentType, requestErrorStatus(contentType), withoutData(response))
		return
	}
	if r.Method == http.MethodGet && op.Operation.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, contentType, &requestError{http.StatusMethodNotAllowed, "GET serves queries only"})
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	response := responses(ctx)
	if response == nil { // ctx has ended: the time is over, or the client has gone
		Refuse(w, r, http.StatusServiceUnavailable, string(model.ErrorCodeUnavailable), "the request took longer than the server allows; the outcome may be unknown", nil)
		return
	}
	if response.Data == nil { // refused before anything ran
		writeResponse(w, contentType, requestErrorStatus(contentType), withoutData(response))
		return
	}
	if len(response.Errors)+len(response.Extensions) == 0 {
		// What was executed is JSON already, and the most of what is sent.
		writeBody(w, contentType, http.StatusOK, slices.Concat([]byte(`{"data":`), response.Data, []byte("}")))
		return
	}
	writeResponse(w, contentType, http.StatusOK, response)
}

func (t httpTransport) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	switch r.Method {
	case http.MethodGet:
		if !preflighted(r.Header) {
			return nil, badRequest("a GET request needs a header that a foreign page can't send unasked: Content-Type: application/json, or GraphQL-Require-Preflight: 1")
		}
		return readURL(r)
	case http.MethodPost:
		mediaType, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || mediaType != typeJSON || !isUTF8(options["charset"]) || r.Header.Get("Content-Encoding") != "" {
			return nil, &requestError{http.StatusUnsupportedMediaType, "a POST request needs Content-Type: application/json, in UTF-8 and unencoded"}
		}
		r.Body = http.MaxBytesReader(w, r.Body, t.bodyLimit)
		return readBody(r)
	}
	return nil, &requestError{http.StatusMethodNotAllowed, "GraphQL is served to GET and POST"}
}

func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// preflighted tells whether a browser would have asked before it sent the
// request for a page of another origin.
func preflighted(h http.Header) bool {
	for _, name := range []string{"QB-Token", "Authorization", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
		if h.Get(name) != "" {
			return true
		}
	}
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == typeJSON
}

// negotiate picks the media type of the answer. Who does not say gets
// application/json, as the specification wants for older clients.
func negotiate(accept []string) (string, bool) {
	best, bestQuality := "", 0.0
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		mediaType, options, err := mime.ParseMediaType(part)
		if err != nil || !isUTF8(options["charset"]) {
			continue
		}
		quality := 1.0
		if text, ok := options["q"]; ok {
			if quality, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		switch mediaType {
		case "*/*", "application/*":
			mediaType = typeJSON
		case typeJSON, typeResponse:
		default:
			continue
		}
		if quality > bestQuality {
			best, bestQuality = mediaType, quality
		}
	}
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return typeJSON, true
	}
	return best, best != ""
}

// requestErrorStatus is the status of a well-formed request whose document
// does not hold: application/json means by 200 that it is a GraphQL answer.
func requestErrorStatus(contentType string) int {
	if contentType == typeResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// A bareResponse is the answer to a request that was not executed: it has no
// entry for data.
type bareResponse struct {
	Errors     gqlerror.List  `json:"errors"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

func withoutData(r *graphql.Response) bareResponse {
	return bareResponse{Errors: r.Errors, Extensions: r.Extensions}
}

func failed(e *requestError) bareResponse {
	return bareResponse{Errors: gqlerror.List{e.public()}}
}

func refuse(w http.ResponseWriter, contentType string, err error) {
	var e *requestError
	if !errors.As(err, &e) {
		e = &requestError{http.StatusBadRequest, "the request could not be read"}
	}
	if e.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
		w.Header().Set("Allow", "GET, POST")
	}
	writeResponse(w, contentType, e.status, failed(e))
}

// Refuse answers a request that others keep from the door, such as one whose
// credentials do not hold, as the door itself would.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code, message string, more map[string]any) {
	contentType, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		contentType = typeJSON
	}
	extensions := map[string]any{"code": code, "status": status}
	maps.Copy(extensions, more)
	writeResponse(w, contentType, status, bareResponse{Errors: gqlerror.List{{Message: message, Extensions: extensions}}})
}

func writeResponse(w http.ResponseWriter, contentType string, status int, response any) {
	body, err := json.Marshal(response)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL","status":500}}]}`)
	}
	writeBody(w, contentType, status, body)
}

func writeBody(w http.ResponseWriter, contentType string, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
