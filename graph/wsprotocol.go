package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

// A message is a message of a client, as defined by graphql-transport-ws. Other messages
// end the connection.
type message struct {
	ID      *string         `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`

	body *budget.Body // the memory of the message
}

// object decodes the payload, which must be an object. It also accepts a message without a
// payload.
func (m *message) object(to any) error {
	if len(m.Payload) == 0 || string(m.Payload) == "null" {
		return nil
	}
	if m.Payload[0] != '{' {
		return errors.New("payload must be an object")
	}
	return api.UnmarshalExact(m.Payload, to)
}

// read reads one message. It returns nil if the connection ends because of the message. An
// error means that reading has failed. A client has as long to send the largest message as
// it has to read one of that size: until then, it keeps the memory for it.
func (s *socket) read(ctx context.Context, r io.Reader) (*message, error) {
	limit, _ := s.requests.Largest(s.caller(s.ctx))
	late := time.AfterFunc(s.WriteTimeout+time.Duration(limit)*time.Second/paceBytes, func() { s.lost("a message took too long to arrive") })
	defer late.Stop()
	body, err := s.requests.ReadMessage(ctx, r, s.caller(s.ctx))
	m := &message{body: body}
	if err == nil {
		err = body.DecodeJSON(ctx, func(content []byte) error {
			if api.UnmarshalExact(content, m) != nil {
				return badRequest("it must be a JSON object with a type, in UTF-8")
			}
			return nil
		})
	}
	if err == nil {
		return m, nil
	}
	body.Close()
	var refusal *api.Refusal
	switch {
	case errors.Is(err, budget.ErrMessageTooLarge):
		limit, setting := s.requests.Largest(s.caller(s.ctx))
		s.end(ws.StatusMessageTooBig, fmt.Sprintf("Message too large (limit %d bytes, %s)", limit, setting))
	case errors.As(err, &refusal):
		s.refuse(refusal)
	default:
		return nil, err
	}
	return nil, nil //nolint:nilnil // the end of the connection is known
}

// refuse ends the connection with the close code for a refusal.
func (s *socket) refuse(refusal *api.Refusal) {
	switch refusal.HTTPStatus() {
	case http.StatusBadRequest:
		s.invalid(refusal.Message)
	case http.StatusUnauthorized:
		s.end(4403, "Forbidden: "+refusal.Message)
	default:
		s.end(statusTryAgainLater, refusal.Message)
	}
}

// invalid ends the connection because of an invalid message.
func (s *socket) invalid(what string) { s.end(4400, "Invalid message received: "+what) }

// initialize signs the caller in.
func (s *socket) initialize(m *message) {
	defer m.body.Close()
	s.mu.Lock()
	again := s.initialized
	s.initialized = true
	s.mu.Unlock()
	if again {
		s.end(4429, "Too many initialisation requests")
		return
	}
	var payload map[string]any
	if m.object(&payload) != nil {
		s.invalid("the payload of connection_init must be an object")
		return
	}
	ctx, refusal := s.signIn(payload)
	switch {
	case s.hasEnded():
		return
	case refusal != nil:
		s.refuse(refusal)
		return
	}
	s.init.Stop()
	s.upgrade, s.init = nil, nil // with all that they keep
	if err := s.quota.connections.take(s.caller(ctx).Actor(), s.ConnectionsPerCaller, "connections", "--max-streams-per-caller"); err != nil {
		s.refuse(api.AsRefusal(err))
		return
	}
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	s.acknowledged = true
	if s.caller(ctx).Kind() == dialog.Anonymous {
		s.unused = time.AfterFunc(s.InitTimeout, func() { s.endUnused() })
	}
	_ = s.send(nil, []byte(`{"type":"connection_ack"}`)) // an error has ended the connection
}

// signIn identifies the caller. While the store is unavailable, it tries again.
func (s *socket) signIn(payload map[string]any) (ctx context.Context, refusal *api.Refusal) {
	waiting, cancel := context.WithCancel(s.above)
	defer cancel()
	s.setReading(cancel)
	s.signingIn.Store(true)
	defer s.signingIn.Store(false)
	from := s.Callers.Home(s.above)
	enter := func(within context.Context) (func(), error) { return s.signing.EnterUnknown(within, from) }
	refused := s.patiently(waiting, enter, func() (again bool, wait func(context.Context) error) {
		var err error
		if ctx, err = s.Callers.SignIn(s.above, s.upgrade, payload); err == nil {
			refusal = nil
			return false, nil
		}
		refusal = api.RefusalOf(s.above, s.log, err)
		return refusal.HTTPStatus() == http.StatusServiceUnavailable, nil
	})
	if refused != nil && refusal == nil {
		refusal = api.RefusalOf(s.above, s.log, refused)
	}
	return ctx, refusal
}

// handle handles any message except connection_init.
func (s *socket) handle(m *message) {
	switch m.Type {
	case "subscribe":
		s.subscribe(m)
		return
	case "complete":
		if m.ID == nil {
			s.invalid("complete needs an id")
		} else if !s.drop(*m.ID) {
			s.counts()
		}
	case "ping", "pong":
		var ignored map[string]any
		if m.object(&ignored) != nil {
			s.invalid("the payload of " + m.Type + " must be an object")
		} else if s.counts() && m.Type == "ping" {
			_ = s.send(nil, reply("pong", "", m.Payload)...) // an error has ended the connection
		}
	default:
		s.invalid("unknown type " + api.Shorten(m.Type, longestQuote))
	}
	m.body.Close()
}

// counts counts a message that does not start an operation against the rate limit.
func (s *socket) counts() bool {
	if err := api.Charge(s.ctx, 1); err != nil {
		s.refuse(api.AsRefusal(err))
		return false
	}
	return true
}

// reply returns the parts of a message of the server. id is JSON; it and payload may be
// empty.
func reply(kind, id string, payload []byte) [][]byte {
	const most = len(`{"id":,"type":"","payload":`) + len("complete")
	head := append(make([]byte, 0, most+len(id)), '{')
	if id != "" {
		head = append(append(append(head, `"id":`...), id...), ',')
	}
	head = append(append(append(head, `"type":"`...), kind...), '"')
	if len(payload) > 0 {
		head = append(head, `,"payload":`...)
	}
	return [][]byte{head, payload, []byte("}")}
}
