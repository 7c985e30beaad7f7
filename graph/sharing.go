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
	// sharedAnswers is how many answers are kept for other subscribers of the same event.
	// sharedBytes is the size of the largest one that is kept, and sharedMemory limits the
	// size of all of them.
	sharedAnswers = 64
	sharedBytes   = 512 << 10
	sharedMemory  = 4 << 20
	// sharedKeyBytes is the largest size of the document and variables of subscribers who
	// share answers, because the kept answers refer to them.
	sharedKeyBytes = 64 << 10
	// sharedWait is how long a subscriber waits for another one that is making the answer,
	// and that may itself be waiting for memory.
	sharedWait = 50 * time.Millisecond
)

// sharing keeps the answers of the latest events, so that an event for thousands of
// subscribers is executed and encoded only once.
type sharing struct {
	mu      sync.Mutex
	answers *simplelru.LRU[sharedKey, *sharedAnswer]
	bytes   int // of all answers
}

// A sharedKey is equal for subscribers whose answers are equal.
type sharedKey struct {
	document  *ast.QueryDocument
	operation *ast.OperationDefinition
	variables string
	kind      dialog.CallerKind
	// shared and version are those of one event. A pointer to the change would keep the
	// whole history of its dialog. visible means that the caller can see the dialog after
	// the change.
	shared  uint64
	version int64
	visible bool
	cursor  string // if it is selected
}

// A sharedAnswer is made by the first subscriber. Its data is nil if other subscribers
// have to make their own.
type sharedAnswer struct {
	made chan struct{} // closed when the answer was made
	data result
	kept bool // in the cache; the mutex of sharing guards it
}

// await returns the data; nil if there is none, or not soon enough.
func (a *sharedAnswer) await(ctx context.Context) result {
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

// find returns the answer that another subscriber makes or has made. If there is none, it
// adds one, which the caller has to make.
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

// keep sets the data of an answer; nil if it cannot be shared. Older answers are dropped
// to make room for it.
func (s *sharing) keep(a *sharedAnswer, data result) {
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

// A shareable says what the answers of one subscription depend on.
type shareable struct {
	key    sharedKey
	none   bool // its answers depend on more than the key
	cursor bool // they have the cursor of the event
}

// shareableOf finds out what the answers of an operation depend on, besides the event.
func shareableOf(op *graphql.OperationContext, c dialog.Caller) *shareable {
	variables, err := json.Marshal(op.Variables)
	s := &shareable{
		key: sharedKey{document: op.Doc, operation: op.Operation, variables: string(variables), kind: c.Kind()},
	}
	s.none = err != nil || weighDocument(op.RawQuery, op.Doc)+int64(len(variables)) > sharedKeyBytes
	s.look(op.Doc, op.Operation.SelectionSet)
	return s
}

// look searches for fields whose values differ between callers.
func (s *shareable) look(doc *ast.QueryDocument, selections ast.SelectionSet) {
	for _, selection := range selections {
		switch selection := selection.(type) {
		case *ast.Field:
			switch {
			case strings.HasPrefix(selection.Name, "viewer"), selection.Name == "history": // their values depend on the caller
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

// share returns the data of an answer that another subscriber has made for the event. If
// it returns nil, the caller has to make the answer and call keep with it, or with nil if
// it cannot be shared.
func (s *sharing) share(ctx context.Context, of *shareable, e live.Event) (data result, keep func(result)) {
	if of.none || e.Shared == 0 {
		return nil, func(result) {}
	}
	key := of.key
	key.shared, key.version, key.visible = e.Shared, e.Change.Version, e.Dialog != nil
	if of.cursor {
		key.cursor = e.Cursor
	}
	answer, found := s.find(key)
	if found {
		return answer.await(ctx), func(result) {}
	}
	return nil, func(data result) { s.keep(answer, data) }
}
