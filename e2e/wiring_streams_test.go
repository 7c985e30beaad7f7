package e2e_test

import (
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// streamTrials have what WebSockets and event streams may take.
func streamTrials() []trial {
	const watch = `subscription { dialogsChanged { dialogId } }`
	return []trial{
		{name: "streams", wires: []wire{
			{"max-streams-per-caller", "2", func(t *testing.T, s *servertest.Server) {
				as := servertest.WithToken(s.Token("many-connections"))
				connectSocket(t, s, as)
				connectSocket(t, s, as)
				third := dialSocket(t, s, as)
				third.send(map[string]any{"type": "connection_init"})
				third.ends(1013)
			}},
			{"max-operations-per-connection", "4", func(t *testing.T, s *servertest.Server) {
				refusesOneMore(t, connectSocket(t, s, servertest.WithToken(s.Token("busy"))), watch, 4, "(limit 4, --max-operations-per-connection)")
			}},
		}},
		{name: "subscriptions", wires: []wire{
			{"max-subscriptions-per-caller", "3", func(t *testing.T, s *servertest.Server) {
				refusesOneMore(t, connectSocket(t, s, servertest.WithToken(s.Token("curious"))), watch, 3, "(limit 3, --max-subscriptions-per-caller)")
			}},
		}},
		{name: "time of streams", wires: []wire{
			{"init-timeout", "20ms", func(t *testing.T, s *servertest.Server) { dialSocket(t, s, nil).ends(4408) }},
		}},
		{name: "pings", wires: []wire{{"ping-interval", "10ms", func(t *testing.T, s *servertest.Server) {
			lines := make(chan string)
			stream := watchEvents(t, s, servertest.WithToken(s.Token("patient")))
			go func() {
				defer close(lines)
				text := make([]byte, 256)
				for read := 0; read < 30; {
					n, err := stream.Read(text)
					if err != nil {
						return
					}
					read += n
				}
				lines <- "kept alive"
			}()
			select {
			case text := <-lines:
				if text == "" {
					t.Error("the stream ended")
				}
			case <-time.After(servertest.Patience):
				t.Error("nothing keeps the stream alive")
			}
		}}}},
	}
}

// refusesOneMore begins as many subscriptions as may be, and one more.
func refusesOneMore(t *testing.T, ws *socket, watch string, most int, want string) {
	t.Helper()
	for n := range most + 1 {
		ws.subscribe(strings.Repeat("x", n+1), watch)
	}
	if kind, text := ws.next(); kind != "error" || !strings.Contains(text, want) {
		t.Errorf("got %s, want %s", text, want)
	}
}
