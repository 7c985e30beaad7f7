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

// An apiError is a refusal, as errors[].extensions explains it. Credentials
// that do not hold are refused in the same shape.
type apiError struct {
	Message    string
	Extensions struct {
		// Code is the kind of refusal, and Status its number over HTTP.
		Code   string
		Status int
		// Field is the one input to blame.
		Field string
		// Rule is the act that the caller may not do, being what Standing says.
		Rule, Standing string
	}
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s (%s, %d)", e.Message, e.Extensions.Code, e.Extensions.Status)
}

// An updated is what an update came to.
type updated struct {
	Dialog struct {
		OccupantIDs []string
		Version     int
	}
	// Replayed says that the key had been used: nothing was changed now.
	Replayed bool
}

// update changes a dialog for a user, or for nobody when he is empty.
func (c client) update(ctx context.Context, user, id string, input map[string]any) (updated, error) {
	const query = `mutation Update($id: ID!, $input: UpdateDialogInput!) {
		updateDialog(id: $id, input: $input) { dialog { occupantIds version } replayed } }`
	var data struct{ UpdateDialog updated }
	err := c.do(ctx, user, query, map[string]any{"id": id, "input": input}, &data)
	return data.UpdateDialog, err
}

// do sends an operation on behalf of a user, or of nobody when he is empty,
// and decodes its data. Of several errors it returns the first.
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
