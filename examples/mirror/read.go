package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A dialog is what the mirror keeps of each dialog. Deliveries and answers have it in the
// same form.
type dialog struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Name        *string         `json:"name"`
	Photo       *string         `json:"photo"`
	OwnerID     string          `json:"ownerId"`
	OccupantIDs []string        `json:"occupantIds"`
	AdminIDs    []string        `json:"adminIds"`
	CustomData  json.RawMessage `json:"customData"`
	CreatedAt   string          `json:"createdAt"`
	UpdatedAt   string          `json:"updatedAt"`
	Version     int64           `json:"version"`
}

const fields = "{ id type name photo ownerId occupantIds adminIds customData { className fields } createdAt updatedAt version }"

// A mirror keeps a copy of all dialogs.
type mirror struct {
	db      database
	api     client
	secret  string
	reading sync.Mutex // one reading of everything at a time
}

// start reads everything, unless that was done before: the server delivers what has
// changed since.
func (m *mirror) start(ctx context.Context) error {
	complete, err := m.db.complete(ctx)
	if err != nil || complete {
		return err
	}
	return m.readAll(ctx)
}

// readAll reads everything: first the position, then the list, then what has changed
// since the position.
func (m *mirror) readAll(ctx context.Context) error {
	m.reading.Lock()
	defer m.reading.Unlock()
	var changes struct {
		DialogChanges struct {
			Changed    []dialog
			RemovedIDs []string
			Cursor     string
			HasMore    bool
		}
	}
	if err := m.api.do(ctx, "{ dialogChanges { cursor } }", nil, &changes); err != nil {
		return err
	}
	cursor := changes.DialogChanges.Cursor
	round, err := m.db.begin(ctx)
	if err != nil {
		return err
	}
	for after, more := (*string)(nil), true; more; {
		var list struct {
			Dialogs struct {
				Nodes    []dialog
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		query := "query($after: String) { dialogs(first: 50, after: $after) { nodes " + fields + " pageInfo { hasNextPage endCursor } } }"
		if err := m.api.do(ctx, query, map[string]any{"after": after}, &list); err != nil {
			return err
		}
		if err := m.db.save(ctx, list.Dialogs.Nodes...); err != nil {
			return err
		}
		after, more = list.Dialogs.PageInfo.EndCursor, list.Dialogs.PageInfo.HasNextPage
	}
	for more := true; more; {
		query := "query($after: String) { dialogChanges(after: $after, first: 50) { changed " + fields + " removedIds cursor hasMore } }"
		if err := m.api.do(ctx, query, map[string]any{"after": cursor}, &changes); err != nil {
			return err
		}
		page := changes.DialogChanges
		if err := m.db.save(ctx, page.Changed...); err != nil {
			return err
		}
		for _, id := range page.RemovedIDs {
			if err := m.db.remove(ctx, id, forever); err != nil {
				return err
			}
		}
		cursor, more = page.Cursor, page.HasMore
	}
	return m.db.end(ctx, round)
}

// read reads one dialog, which may be gone by now.
func (m *mirror) read(ctx context.Context, id string) error {
	var data struct{ Dialog *dialog }
	err := m.api.do(ctx, "query($id: ID!) { dialog(id: $id) "+fields+" }", map[string]any{"id": id}, &data)
	switch {
	case errors.Is(err, errNotFound):
		return m.db.remove(ctx, id, forever)
	case err != nil:
		return err
	}
	return m.db.save(ctx, *data.Dialog)
}

// A client calls the server with an API key.
type client struct{ url, key string }

var errNotFound = errors.New("dialog not found")

func (c client) do(ctx context.Context, query string, variables, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "ApiKey "+c.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer := struct {
		Data   any
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("status %d: %w", response.StatusCode, err)
	}
	switch {
	case answer.Errors == nil:
		return nil
	case answer.Errors[0].Extensions.Code == "NOT_FOUND":
		return errNotFound
	}
	return errors.New(answer.Errors[0].Message)
}
