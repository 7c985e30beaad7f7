package graph_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph"
)

// memoryFor is the memory of a server whose answers can take one megabyte, and holds all
// that a large answer needs until free is called.
func memoryFor(t *testing.T) (answers *budget.Answers, hold func() (free func())) {
	t.Helper()
	limits := budget.DefaultLimits()
	limits.Answers = 1 << 20
	answers = budget.NewAnswers(limits)
	return answers, func() func() {
		held := answers.Begin(dialog.Caller{User: "holder"})
		if err := held.Load(t.Context(), limits.Answers/2, func() (int64, error) { return limits.Answers / 2, nil }); err != nil {
			t.Fatal(err)
		}
		return held.Close
	}
}

// changedSince returns a position, after which a dialog of the user was created.
func (s *streaming) changedSince(user dialog.UserID) (cursor, id string) {
	s.Helper()
	changes, err := s.service.Changes(s.Context(), dialog.Caller{User: user}, dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		s.Fatal(err)
	}
	made, err := s.service.Create(s.Context(), dialog.Caller{User: user}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("new")})
	if err != nil {
		s.Fatal(err)
	}
	return changes.Cursor, string(made.Dialog.ID)
}

// TestCatchUpWaitsForMemory: what a subscription has missed is loaded into the memory of
// answers. When there is none, the client is told to connect again later.
func TestCatchUpWaitsForMemory(t *testing.T) {
	for reason, query := range map[string]string{
		"all dialogs": `subscription { dialogsChanged(after: "CURSOR") { dialogId } }`,
		"one dialog":  `subscription { dialogChanged(id: "ID", sinceVersion: 0) { dialogId } }`,
	} {
		t.Run(reason, func(t *testing.T) {
			answers, hold := memoryFor(t)
			s := stream(t, func(c *graph.Config) {
				c.Answers, c.Streams.Patience = answers, 200*time.Millisecond
			})
			cursor, id := s.changedSince("alice")
			query := strings.NewReplacer("CURSOR", cursor, "ID", id).Replace(query)
			event := `…"dialogId":"` + id + `"…`
			free := hold()
			c := s.connect("alice")
			c.subscribe("1", query)
			c.ends("1013 Try again later: too many large requests at the same time (limit 1048576 bytes, --memory-answers)…")
			free()
			c = s.connect("alice")
			c.subscribe("1", query)
			c.gets(event)
			s.events(http.MethodPost, "alice", query).gets("event: next…" + event)
			hold()() // nothing is held once the events are sent
		})
	}
}

// TestOneDialogTakesLess: a subscription to one dialog starts with memory that would not be
// enough for a page of a catch-up.
func TestOneDialogTakesLess(t *testing.T) {
	limits := budget.DefaultLimits()
	answers := budget.NewAnswers(limits)
	s := stream(t, func(c *graph.Config) { c.Answers, c.Streams.Patience = answers, 200*time.Millisecond })
	_, id := s.changedSince("alice")
	for holder, taken := range map[dialog.UserID]int64{"large": limits.Answers / 2, "share": limits.Answers / 4, "rest": limits.Answers / 6} {
		held := answers.Begin(dialog.Caller{User: holder})
		defer held.Close()
		if err := held.Charge(t.Context(), 0, taken); err != nil {
			t.Fatal(err)
		}
	}
	c := s.connect("alice")
	c.subscribe("1", `subscription { dialogChanged(id: "`+id+`", sinceVersion: 0) { dialogId } }`)
	c.gets(`…"dialogId":"` + id + `"…`)
}

// TestChangesWaitForMemory: a page of changes is loaded into the memory of answers.
func TestChangesWaitForMemory(t *testing.T) {
	answers, hold := memoryFor(t)
	s := stream(t, func(c *graph.Config) { c.Answers = answers })
	cursor, id := s.changedSince("alice")
	ask := func() string {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql",
			strings.NewReader(`{"query": "{ dialogChanges(after: \"`+cursor+`\") { changed { id } } }"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("User", "alice")
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, r)
		return answer.Body.String()
	}
	free := hold()
	if got := ask(); !strings.Contains(got, "UNAVAILABLE") {
		t.Errorf("without memory: %s", got)
	}
	free()
	if got := ask(); !strings.Contains(got, id) {
		t.Errorf("with memory: %s", got)
	}
}

// TestSubscriptionsFreeTheirRequests: subscriptions that were started by large messages do
// not keep the memory of requests.
func TestSubscriptionsFreeTheirRequests(t *testing.T) {
	limits := budget.DefaultLimits()
	limits.Body, limits.AnonymousBody, limits.Values, limits.Requests = 100_000, 100_000, 100, 4*(100_000+25_600)
	s := stream(t, func(c *graph.Config) { c.Requests = budget.NewRequests(limits) })
	c, padding := s.connect("alice"), strings.Repeat(" ", 80_000)
	for _, id := range strings.Split("abcdefgh", "") {
		c.send(`{"id":"` + id + `","type":"subscribe",` + padding + `"payload":{"query":"` + strings.ReplaceAll(watchAll, `"`, `\"`) + `"}}`)
		c.send(asking)
		c.gets(told)
		c.gets(`{"id":"1","type":"complete"}`)
		s.events(http.MethodPost, "alice", watchAll+padding)
	}
}
