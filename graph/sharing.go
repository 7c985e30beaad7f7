package graph

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/live"
)

const (
	// sharedAnswers is how many answers are kept for other subscribers of the
	// same event, sharedBytes the largest of them, and sharedMemory what all of them
	// take at most.
	sharedAnswers = 64
	sharedBytes   = 512 << 10
	sharedMemory  = 4 << 20
	// sharedKeyBytes is how much the document and the variables of subscribers may
	// take who share their answers: answers keep them.
	sharedKeyBytes = 64 << 10
	// sharedWait is how long a subscriber waits for another one that is making the
	// answer, and may have to wait for memory.
	sharedWait = 50 * time.Millisecond
)

// sharing keeps the answers of the latest events, so that an event that thousands wait
// for is executed and rendered once.
type sharing struct {
	mu      sync.Mutex
	answers *simplelru.LRU[sharedKey, *sharedAnswer]
	bytes   int // of all answers
}

// A sharedKey is the same for subscribers whose answers are equal.
type sharedKey struct {
	document  *ast.QueryDocument
	operation *ast.OperationDefinition
	variables string
	kind      dialog.CallerKind
	// change belongs to one event, and visible says that the caller can see the
	// dialog after it.
	change  *dialog.Record
	visible bool
	cursor  string // if it is selected
}

// A sharedAnswer is one that the first subscriber makes. It is nil if others have to
// make their own.
type sharedAnswer struct {
	made chan struct{} // closed when it is
	data json.RawMessage
	kept bool // in the cache; the mutex of sharing guards it
}

// await returns the data, if there is any soon.
func (a *sharedAnswer) await(ctx context.Context) json.RawMessage {
	select {
	case <-a.made:
		return a.data
	default:
	}
	late := time.NewTimer(sharedWait)
	defer late.Stop()
	select {
	case <-a.made:
		return a.data
	case <-late.C:
	case <-ctx.Done():
	}
	return nil
}

func newSharing() *sharing {
	s := &sharing{}
	answers, err := simplelru.NewLRU(sharedAnswers, func(_ sharedKey, a *sharedAnswer) {
		a.kept = false
		s.bytes -= len(a.data)
	})
	if err != nil {
		panic("graph: sharing: " + err.Error()) // the size is a constant
	}
	s.answers = answers
	return s
}

// find returns the answer that somebody makes or has made, or else adds one for the
// caller to make.
func (s *sharing) find(key sharedKey) (a *sharedAnswer, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, found = s.answers.Peek(key); found {
		return a, true
	}
	a = &sharedAnswer{made: make(chan struct{}), kept: true}
	s.answers.Add(key, a)
	return a, false
}

// keep has the data of an answer, or that it cannot be shared. Others are dropped to
// make room for it.
func (s *sharing) keep(a *sharedAnswer, data json.RawMessage) {
	defer close(a.made)
	if len(data) > sharedBytes {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a.data = data
	if !a.kept {
		return
	}
	for s.bytes += len(data); s.bytes > sharedMemory; {
		s.answers.RemoveOldest()
	}
}

// A shareable is what the answers of one subscription depend on.
type shareable struct {
	key    sharedKey
	none   bool // its answers depend on more than the key
	cursor bool // they have the cursor of the event
}

// shareableOf tells what the answers of an operation depend on, beside the event.
func shareableOf(op *graphql.OperationContext, c dialog.Caller) *shareable {
	variables, err := json.Marshal(op.Variables)
	s := &shareable{
		key: sharedKey{document: op.Doc, operation: op.Operation, variables: string(variables), kind: c.Kind()},
	}
	s.none = err != nil || weighDocument(op.RawQuery, op.Doc)+int64(len(variables)) > sharedKeyBytes
	s.look(op.Doc, op.Operation.SelectionSet)
	return s
}

// look looks for fields whose values differ between callers.
func (s *shareable) look(doc *ast.QueryDocument, selections ast.SelectionSet) {
	for _, selection := range selections {
		switch selection := selection.(type) {
		case *ast.Field:
			switch {
			case strings.HasPrefix(selection.Name, "viewer"), selection.Name == "history": // which is read for the caller
				s.none = true
			case selection.Name == "cursor":
				s.cursor = true
			}
			s.look(doc, selection.SelectionSet)
		case *ast.InlineFragment:
			s.look(doc, selection.SelectionSet)
		case *ast.FragmentSpread:
			if fragment := doc.Fragments.ForName(selection.Name); fragment != nil {
				s.look(doc, fragment.SelectionSet)
			}
		}
	}
}

// share returns the data of the answer to an event that another subscriber has made.
// If there is none, the caller makes it and calls keep, with nil if it cannot be shared.
func (s *sharing) share(ctx context.Context, of *shareable, e live.Event) (data json.RawMessage, keep func(json.RawMessage)) {
	if of.none || !e.Shared {
		return nil, func(json.RawMessage) {}
	}
	key := of.key
	key.change, key.visible = e.Change, e.Dialog != nil
	if of.cursor {
		key.cursor = e.Cursor
	}
	answer, found := s.find(key)
	if found {
		return answer.await(ctx), func(json.RawMessage) {}
	}
	return nil, func(data json.RawMessage) { s.keep(answer, data) }
}
