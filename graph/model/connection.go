package model

import (
	"context"
	"sync"
)

// A Lazily is a value that costs a read and is only read when asked for.
type Lazily[T any] func(context.Context) (T, error)

// Known is a value that is known already.
func Known[T any](v T) Lazily[T] {
	return func(context.Context) (T, error) { return v, nil }
}

// Made is a value that is made when it is asked for.
func Made[T any](value func() T) Lazily[T] {
	return func(context.Context) (T, error) { return value(), nil }
}

// Once is a value that is read at most once, when it is first needed.
func Once(read Lazily[bool]) Condition {
	var once sync.Once
	var value bool
	var err error
	return func(ctx context.Context) (bool, error) {
		once.Do(func() { value, err = read(ctx) })
		return value, err
	}
}

// A Condition is a Boolean that costs a read.
type Condition Lazily[bool]

// Then is the text if the condition is true, or else empty.
func (c Condition) Then(text func() string) Lazily[string] {
	return func(ctx context.Context) (string, error) {
		if ok, err := c(ctx); err != nil || !ok {
			return "", err
		}
		return text(), nil
	}
}

// A DialogConnection is a page of a list of dialogs.
type DialogConnection struct {
	Nodes    []Dialog
	PageInfo PageInfo
	// Cursor makes the cursor of the dialog at an index.
	Cursor func(i int) string
	Total  Lazily[int]
}

// Edges are the dialogs with their cursors.
func (c DialogConnection) Edges() []DialogEdge {
	edges := make([]DialogEdge, len(c.Nodes))
	for i := range c.Nodes {
		edges[i] = DialogEdge{Node: c.Nodes[i], Cursor: c.Cursor(i)}
	}
	return edges
}

// TotalCount is the number of dialogs in the whole list.
func (c DialogConnection) TotalCount(ctx context.Context) (int, error) { return c.Total(ctx) }

// A PageInfo is the position of a page in its list.
type PageInfo struct {
	Start, End     Lazily[string]
	Next, Previous Condition
}

// StartCursor is the cursor before which the list continues.
func (p PageInfo) StartCursor(ctx context.Context) (*string, error) { return cursor(ctx, p.Start) }

// EndCursor is the cursor after which the list continues.
func (p PageInfo) EndCursor(ctx context.Context) (*string, error) { return cursor(ctx, p.End) }

func cursor(ctx context.Context, at Lazily[string]) (*string, error) {
	text, err := at(ctx)
	if err != nil {
		return nil, err
	}
	return optional(text), nil
}

// HasNextPage tells whether the list has items after the page.
func (p PageInfo) HasNextPage(ctx context.Context) (bool, error) { return p.Next(ctx) }

// HasPreviousPage tells whether the list has items before the page.
func (p PageInfo) HasPreviousPage(ctx context.Context) (bool, error) { return p.Previous(ctx) }
