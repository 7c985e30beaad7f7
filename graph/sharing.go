package graph

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/live"
)

const (
	// sharedAnswers is how many answers are kept for other subscribers of the
	// same event, and sharedBytes the largest of them.
	sharedAnswers = 64
	sharedBytes   = 16 << 10
	// sharedWait is how long a subscriber waits for another one that is making the
	// answer, and may have to wait for memory.
	sharedWait = 50 * time.Millisecond
)

// sharing keeps the answers of the latest events, so that an event that thousands wait
// for is executed and rendered once.
type sharing struct {
	answers *lru.Cache[sharedKey, *sharedAnswer]
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
	answers, err := lru.New[sharedKey, *sharedAnswer](sharedAnswers)
	if err != nil {
		panic("graph: sharing: " + err.Error()) // the size is a constant
	}
	return &sharing{answers}
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
		key: sharedKey{document: op.Doc, operation: op.Operation, variables: string(variables), kind: c.Kind()}, none: err != nil,
	}
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
	own := &sharedAnswer{made: make(chan struct{})}
	if other, found, _ := s.answers.PeekOrAdd(key, own); found {
		return other.await(ctx), func(json.RawMessage) {}
	}
	return nil, func(data json.RawMessage) {
		if len(data) <= sharedBytes {
			own.data = data
		}
		close(own.made)
	}
}
