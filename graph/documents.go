package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// TrustedDocuments are documents by the ids that clients send. A server that has them
// executes no others.
type TrustedDocuments struct {
	path    string
	current atomic.Pointer[documents]
}

// documents are the content of a file of trusted documents.
type documents struct {
	byID  map[string]string
	texts map[string]bool
}

// ReadTrustedDocuments reads a JSON object whose keys are ids and whose values are
// documents, like the persisted-documents.json of graphql-codegen. An id is the SHA-256
// hash of the document, or any other text that the clients send.
func ReadTrustedDocuments(path string) (*TrustedDocuments, error) {
	t := &TrustedDocuments{path: path}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the file again. It may be called while documents are executed. If it fails,
// the previous documents stay in use.
func (t *TrustedDocuments) Reload() error {
	read, err := readDocuments(t.path)
	if err != nil {
		return err
	}
	t.current.Store(read)
	return nil
}

func readDocuments(path string) (*documents, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &documents{texts: map[string]bool{}}
	if err := json.Unmarshal(content, &t.byID); err != nil {
		return nil, fmt.Errorf("%s must be a JSON object of ids and documents: %w", path, err)
	}
	if len(t.byID) == 0 {
		return nil, fmt.Errorf("%s has no documents: the server would execute nothing", path)
	}
	for id, document := range t.byID {
		if document == "" {
			return nil, fmt.Errorf("%s: the document %s is empty", path, id)
		}
		t.texts[document] = true
	}
	return t, nil
}

// ExtensionName names the extension.
func (*TrustedDocuments) ExtensionName() string { return "TrustedDocuments" }

// Validate has nothing to check.
func (*TrustedDocuments) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters replaces an id with its trusted document, and refuses unknown
// ids. A document that is sent as text must also be a trusted one.
func (t *TrustedDocuments) MutateOperationParameters(_ context.Context, raw *graphql.RawParams) *gqlerror.Error {
	current := t.current.Load()
	if id := persistedID(raw); id != "" && raw.Query == "" {
		raw.Query = current.byID[id]
	} else if !current.texts[raw.Query] {
		raw.Query = ""
	}
	if raw.Query == "" {
		return &gqlerror.Error{
			Message:    "unknown operation: only trusted documents are executed",
			Extensions: map[string]any{"code": api.ValidationFailed, "status": api.ValidationFailed.Status()},
		}
	}
	return nil
}

// persistedID returns the id of a request's document, in the form of automatic persisted
// queries. A documentId is converted to that form.
func persistedID(raw *graphql.RawParams) string {
	if extension, ok := raw.Extensions["persistedQuery"].(map[string]any); ok {
		id, _ := extension["sha256Hash"].(string)
		return id
	}
	return ""
}
