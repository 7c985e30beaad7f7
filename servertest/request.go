package servertest

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strings"

	"dialogs/dialog/dialogtest"
)

// A Header is a request header's names and values in turn.
type Header []string

// WithKey signs in with an API key.
func WithKey(key string) Header { return Header{"Authorization", "ApiKey " + key} }

// OnBehalf signs in with an API key on behalf of a user.
func OnBehalf(key, user string) Header {
	return Header{"Authorization", "ApiKey " + key, "On-Behalf-Of", user}
}

// WithToken signs in with a session token.
func WithToken(token string) Header { return Header{"QB-Token", token} }

// All yields each name with its value.
func (h Header) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := 0; i+1 < len(h); i += 2 {
			if !yield(h[i], h[i+1]) {
				return
			}
		}
	}
}

// secrets are the credentials in the header, which no answer may show.
func (h Header) secrets() []string {
	var secrets []string
	for i := 0; i+1 < len(h); i += 2 {
		switch http.CanonicalHeaderKey(h[i]) {
		case "Authorization", "Qb-Token":
			_, secret, ok := strings.Cut(h[i+1], " ")
			if !ok {
				secret = h[i+1]
			}
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

// An Answer is an answer to an HTTP request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and fails the test when there is no answer.
func (s *Server) Do(method, path string, h Header, body []byte) Answer {
	s.Helper()
	answer, err := s.TryDo(method, path, h, body)
	if err != nil {
		s.Fatal(err)
	}
	return answer
}

// TryDo sends a request. The header Host sets the request's host.
func (s *Server) TryDo(method, path string, h Header, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(s.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i+1 < len(h); i += 2 {
		if h[i] == "Host" {
			request.Host = h[i+1]
			continue
		}
		request.Header.Add(h[i], h[i+1])
	}
	response, err := s.Client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	answer.Body, err = io.ReadAll(response.Body)
	dialogtest.CheckErrors(s.TB, answer.Body, h.secrets()...)
	return answer, err
}

// Get reads a page and returns its status and body.
func (s *Server) Get(path string) (int, string) {
	s.Helper()
	answer := s.Do(http.MethodGet, path, nil, nil)
	return answer.Status, string(answer.Body)
}

// Rest sends a request to the QuickBlox API, with a body in JSON unless it is
// nil, and returns status and body.
func (s *Server) Rest(h Header, method, path string, body any) (int, string) {
	s.Helper()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			s.Fatal(err)
		}
		h = append(h[:len(h):len(h)], "Content-Type", "application/json")
	}
	answer := s.Do(method, path, h, content)
	return answer.Status, string(answer.Body)
}
