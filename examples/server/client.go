package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// A client calls the server with an API key.
type client struct {
	url, key string
	http     *http.Client
}

// An apiError is an error of the API, with its errors[].extensions. Invalid
// credentials have the same shape.
type apiError struct {
	Message    string
	Extensions struct {
		// Code is the error code, and Status the matching HTTP status.
		Code   string
		Status int
		// Field is the input that caused the error.
		Field string
		// Rule is the action that is not allowed, Standing the caller's role.
		Rule, Standing string
	}
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s (%s, %d)", e.Message, e.Extensions.Code, e.Extensions.Status)
}

// An updated is the result of an update.
type updated struct {
	Dialog struct {
		OccupantIDs []string
		Version     int
	}
	// Replayed says that the idempotencyKey was used before: nothing was changed now.
	Replayed bool
}

// update changes a dialog on behalf of a user, or as a server if user is empty.
func (c client) update(ctx context.Context, user, id string, input map[string]any) (updated, error) {
	const query = `mutation Update($id: ID!, $input: UpdateDialogInput!) {
		updateDialog(id: $id, input: $input) { dialog { occupantIds version } replayed } }`
	var data struct{ UpdateDialog updated }
	err := c.do(ctx, user, query, map[string]any{"id": id, "input": input}, &data)
	return data.UpdateDialog, err
}

// do sends an operation on behalf of a user, or as a server if user is empty,
// and decodes its data. If there are several errors, it returns the first.
func (c client) do(ctx context.Context, user, query string, variables, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "ApiKey "+c.key)
	if user != "" {
		request.Header.Set("On-Behalf-Of", user)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer := struct {
		Data   any
		Errors []*apiError
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: the answer is not JSON: %w", response.Status, err)
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0]
	}
	return nil
}
