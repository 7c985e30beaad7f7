package e2e_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestErasureIsTold erases a user while others watch. Subscribers over WebSockets and
// server-sent events, clients of dialogChanges and a webhook are told that the user left,
// and who owns the group now. The user's own WebSockets are closed.
func TestErasureIsTold(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, "--webhook-allow", "127.0.0.1")
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	alice, bob := servertest.WithToken(s.Token("alice")), servertest.WithToken(s.Token("bob"))
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			told <- string(body)
		}
	}))
	t.Cleanup(receiver.Close)
	group := newGroup(t, s)
	s.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})

	own := connectSocket(t, s, alice)
	own.subscribe("1", `subscription { dialogsChanged { dialogId } }`)
	socket := connectSocket(t, s, bob)
	cursor := socket.position()
	socket.subscribe("1", `subscription { dialogsChanged(after: `+strconv.Quote(cursor)+`) { dialogId dialog { ownerId occupantIds } change { kind addedOccupantIds removedOccupantIds newOwnerId } } }`)
	events := bufio.NewReader(watchEvents(t, s, bob))

	eraseUser(s, key, "alice", false)
	want := `{"dialogId":"` + group + `","dialog":{"ownerId":"bob","occupantIds":["bob"]},"change":{"kind":"UPDATED","addedOccupantIds":[],"removedOccupantIds":["alice"],"newOwnerId":"bob"}}`
	if kind, text := socket.next(); kind != "next" || !strings.Contains(text, want) {
		t.Errorf("the WebSocket got %s, want %s", text, want)
	}
	awaitLine(t, events, `"dialogId":"`+group+`"`)
	select {
	case body := <-told:
		for _, part := range []string{`"type":"dialog.updated"`, group, `"removedOccupantIds":["alice"]`, `"newOwnerId":"bob"`} {
			if !strings.Contains(body, part) {
				t.Errorf("the webhook got %s, want %s", body, part)
			}
		}
	case <-time.After(servertest.Patience):
		t.Error("the webhook got nothing")
	}
	answer := s.Must(bob, `query($after: String) { dialogChanges(after: $after) { changed { id ownerId } removedIds } }`, map[string]any{"after": cursor})
	if got, want := string(answer.Data["dialogChanges"]), `{"changed":[{"id":"`+group+`","ownerId":"bob"}],"removedIds":[]}`; got != want {
		t.Errorf("dialogChanges: %s, want %s", got, want)
	}
	own.ends(4403)
}

// awaitLine reads a stream until a line contains a text.
func awaitLine(t *testing.T, stream *bufio.Reader, text string) {
	t.Helper()
	found := make(chan []string, 1)
	go func() {
		var lines []string
		for {
			line, err := stream.ReadString('\n')
			lines = append(lines, line)
			if err != nil || strings.Contains(line, text) {
				found <- lines
				return
			}
		}
	}()
	select {
	case lines := <-found:
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) }) {
			t.Errorf("the stream had %q, want %s", lines, text)
		}
	case <-time.After(servertest.Patience):
		t.Errorf("the stream does not have %s", text)
	}
}
