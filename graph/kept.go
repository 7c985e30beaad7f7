package graph

import (
	"fmt"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
	"dialogs/dialog"
)

const (
	// keptLeast is the least number of bytes that a caller's kept documents may take, even
	// without a cache of documents.
	keptLeast = 1 << 20
	// freeVariables is up to how many bytes the variables of a subscription are not
	// counted. The limits of connections and subscriptions also limit these.
	freeVariables = 512
	// keptRetry is how long a refused caller should wait before trying again.
	keptRetry = 10 * time.Second
)

// keeping limits the memory that subscriptions keep as long as they are open: their
// documents and variables. Subscriptions that use the same document from the cache share
// it, and it is counted once.
type keeping struct {
	// perCaller is how many bytes one caller can use: an API key with all users on whose
	// behalf it acts, or the user of a session. All callers together can use twice that.
	perCaller int64

	mu        sync.Mutex // guards what follows
	bytes     int64
	byCaller  map[dialog.Actor]int64
	documents map[*ast.QueryDocument]*keptDocument
}

// A keptDocument counts for the caller who used it first, as long as any subscription uses
// it.
type keptDocument struct {
	by    dialog.Actor
	bytes int64
	users int
}

// newKeeping allows each caller as many bytes as the cache of documents may take.
func newKeeping(documents int64) *keeping {
	return &keeping{
		perCaller: max(documents, keptLeast), byCaller: map[dialog.Actor]int64{}, documents: map[*ast.QueryDocument]*keptDocument{},
	}
}

// keep counts the memory of a subscription. Call release when the subscription ends. The
// error is an [api.Refusal].
func (k *keeping) keep(who dialog.Actor, op *graphql.OperationContext, variables int) (release func(), err error) {
	own := int64(variables)
	if own <= freeVariables {
		own = 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	of := op.Doc // of the operation itself, nothing is kept
	doc, added := k.documents[of], own
	if doc == nil {
		doc = &keptDocument{by: who, bytes: weighDocument(op.RawQuery, of)}
		added += doc.bytes
	}
	switch {
	case k.byCaller[who]+added > k.perCaller:
		return nil, keptRefusal("the documents of your subscriptions take too much memory (limit %d bytes, --memory-documents): use the same one for many", k.perCaller)
	case k.bytes+added > 2*k.perCaller:
		return nil, keptRefusal("the documents of all subscriptions take too much memory (limit %d bytes, twice --memory-documents): try again later", 2*k.perCaller)
	}
	if doc.users++; doc.users == 1 {
		k.documents[of] = doc
		k.count(doc.by, doc.bytes)
	}
	k.count(who, own)
	return func() { k.release(who, own, of) }, nil
}

func keptRefusal(format string, limit int64) error {
	return &api.Refusal{Code: api.Unavailable, RetryAfter: keptRetry, Message: fmt.Sprintf(format, limit)}
}

func (k *keeping) release(who dialog.Actor, own int64, of *ast.QueryDocument) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.count(who, -own)
	doc := k.documents[of]
	if doc.users--; doc.users == 0 {
		delete(k.documents, of)
		k.count(doc.by, -doc.bytes)
	}
}

// count adds bytes. k.mu must be held.
func (k *keeping) count(who dialog.Actor, bytes int64) {
	k.bytes += bytes
	if k.byCaller[who] += bytes; k.byCaller[who] == 0 {
		delete(k.byCaller, who)
	}
}
