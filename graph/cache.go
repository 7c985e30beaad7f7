package graph

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
)

// A cache keeps the most recently used entries, up to a number of bytes. It does not keep
// entries of callers without credentials, who could fill it with anything.
type cache[T any] struct {
	caller func(context.Context) dialog.Caller
	// weigh returns how many bytes an entry takes.
	weigh func(key string, value T) int64
	most  int64

	mu      sync.Mutex
	bytes   int64
	entries *simplelru.LRU[string, T]
}

const (
	entryBytes   = 256 // the least that an entry takes
	largestShare = 16  // no entry may take more than one 16th of a cache
)

func newCache[T any](most int64, caller func(context.Context) dialog.Caller, weigh func(string, T) int64) *cache[T] {
	c := &cache[T]{caller: caller, most: most}
	c.weigh = func(key string, value T) int64 { return entryBytes + int64(len(key)) + weigh(key, value) }
	entries, err := simplelru.NewLRU(int(max(most/entryBytes, 1)), func(key string, value T) { c.bytes -= c.weigh(key, value) })
	if err != nil {
		panic("graph: making a cache: " + err.Error()) // its size is positive
	}
	c.entries = entries
	return c
}

// Get returns an entry.
func (c *cache[T]) Get(_ context.Context, key string) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries.Get(key)
}

// Add keeps an entry, unless it is too large or the caller has no credentials.
func (c *cache[T]) Add(ctx context.Context, key string, value T) {
	bytes := c.weigh(key, value)
	if bytes > c.most/largestShare || c.caller(ctx).Kind() == dialog.Anonymous {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(key)
	c.bytes += bytes
	c.entries.Add(key, value)
	for c.bytes > c.most {
		c.entries.RemoveOldest()
	}
}

// These are the bytes of memory of a document's nodes, including their positions and
// texts. TestDocumentWeight measures them.
const (
	documentBytes  = 2 << 10
	selectionBytes = 384
	valueBytes     = 288
	variableBytes  = 512
)

// weighDocument returns how many bytes of memory a parsed and validated document takes.
func weighDocument(text string, doc *ast.QueryDocument) int64 {
	w := weight{bytes: documentBytes + 3*int64(len(text))}
	for _, op := range doc.Operations {
		w.bytes += selectionBytes + int64(len(op.VariableDefinitions))*variableBytes
		for _, v := range op.VariableDefinitions {
			w.value(v.DefaultValue)
			w.directives(v.Directives)
		}
		w.directives(op.Directives)
		w.selection(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		w.bytes += selectionBytes
		w.directives(fragment.Directives)
		w.selection(fragment.SelectionSet)
	}
	return w.bytes
}

type weight struct{ bytes int64 }

func (w *weight) selection(set ast.SelectionSet) {
	for _, selection := range set {
		w.bytes += selectionBytes
		switch s := selection.(type) {
		case *ast.Field:
			w.arguments(s.Arguments)
			w.directives(s.Directives)
			w.selection(s.SelectionSet)
		case *ast.InlineFragment:
			w.directives(s.Directives)
			w.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			w.directives(s.Directives)
		}
	}
}

func (w *weight) directives(list ast.DirectiveList) {
	for _, d := range list {
		w.bytes += selectionBytes
		w.arguments(d.Arguments)
	}
}

func (w *weight) arguments(list ast.ArgumentList) {
	for _, a := range list {
		w.bytes += valueBytes
		w.value(a.Value)
	}
}

func (w *weight) value(v *ast.Value) {
	if v == nil {
		return
	}
	w.bytes += valueBytes
	for _, child := range v.Children {
		w.value(child.Value)
	}
}
