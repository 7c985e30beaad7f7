package model

import "context"

// A Lazily is a value that costs a read and is only read when asked for.
type Lazily[T any] func(context.Context) (T, error)

// Known is a value that is known already.
func Known[T any](v T) Lazily[T] {
	return func(context.Context) (T, error) { return v, nil }
}

// A DialogConnection is a page of a list of dialogs.
type DialogConnection struct {
	Edges    []DialogEdge
	Nodes    []Dialog
	PageInfo PageInfo
	Total    Lazily[int]
}

// TotalCount is the number of dialogs in the whole list.
func (c DialogConnection) TotalCount(ctx context.Context) (int, error) { return c.Total(ctx) }

// A PageInfo is the position of a page in its list.
type PageInfo struct {
	StartCursor, EndCursor *string
	Next, Previous         Lazily[bool]
}

// HasNextPage tells whether the list has items after the page.
func (p PageInfo) HasNextPage(ctx context.Context) (bool, error) { return p.Next(ctx) }

// HasPreviousPage tells whether the list has items before the page.
func (p PageInfo) HasPreviousPage(ctx context.Context) (bool, error) { return p.Previous(ctx) }
