package servertest

import (
	"encoding/json"
	"net/http"
	"testing"
)

// A Reply is a GraphQL answer over HTTP.
type Reply struct {
	Answer
	Data   map[string]json.RawMessage
	Errors []ReplyError
}

// A ReplyError is one error of a GraphQL answer.
type ReplyError struct {
	Message    string
	Path       []any
	Extensions struct {
		Code, Field, Rule, Standing, ID string
		Allowed                         []string
		Status, RetryAfter              int
	}
}

// Post sends an operation.
func (s *Server) Post(h Header, query string, variables map[string]any) Reply {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.Fatal(err)
	}
	reply, err := s.Try(h, body)
	if err != nil {
		s.Fatal(err)
	}
	return reply
}

// Try sends the body of an operation.
func (s *Server) Try(h Header, body []byte) (Reply, error) {
	h = append(h[:len(h):len(h)], "Content-Type", "application/json")
	answer, err := s.TryDo(http.MethodPost, "/graphql", h, body)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Answer: answer}
	return reply, json.Unmarshal(answer.Body, &reply)
}

// Must is Post for an operation without errors.
func (s *Server) Must(h Header, query string, variables map[string]any) Reply {
	s.Helper()
	reply := s.Post(h, query, variables)
	if reply.Status != http.StatusOK || len(reply.Errors) > 0 {
		s.Fatalf("%s: status %d: %s", query, reply.Status, reply.Body)
	}
	return reply
}

// Decode reads JSON and fails the test when it cannot.
func Decode(tb testing.TB, raw []byte, to any) {
	tb.Helper()
	if err := json.Unmarshal(raw, to); err != nil {
		tb.Fatalf("%v: %s", err, raw)
	}
}
