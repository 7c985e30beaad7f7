package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/graph/model"
	"dialogs/store/memory"
)

const (
	benchGet    = `query Get($id: ID!) { dialog(id: $id) { id type name ownerId occupantIds version updatedAt viewerCanRename viewerStanding } }`
	benchUpdate = `mutation Rename($id: ID!, $name: String) { updateDialog(id: $id, input: {name: $name}) { dialog { id type name ownerId occupantIds version updatedAt viewerCanRename viewerStanding } } }`
	benchList   = `query List { dialogs(first: 20) { nodes { id type name ownerId occupantIds version updatedAt } pageInfo { hasNextPage } } }`
)

// BenchmarkHandler measures the cost of the API itself: the same reads and updates of a
// store in memory through GraphQL, and through a plain net/http handler that decodes and
// encodes the same JSON.
func BenchmarkHandler(b *testing.B) {
	service := dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	out, err := service.Create(b.Context(), user("alice"), dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"bob", "carol"}})
	if err != nil {
		b.Fatal(err)
	}
	id := string(out.Dialog.ID)
	for n := range 29 {
		creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some(fmt.Sprint("Lunch ", n))}
		for i := range 9 {
			creation.Occupants = append(creation.Occupants, dialog.UserID(fmt.Sprint("user", i)))
		}
		if _, err := service.Create(b.Context(), user("alice"), creation); err != nil {
			b.Fatal(err)
		}
	}
	api := graph.NewHandler(graph.Config{
		Service: service, Sessions: fakeSessions{}, Limits: graph.DefaultLimits(), Requests: budget.NewRequests(budget.DefaultLimits()),
		Answers:   budget.NewAnswers(budget.DefaultLimits()),
		Documents: 1 << 20,
		Caller:    func(context.Context) dialog.Caller { return user("alice") }, Log: slog.New(slog.DiscardHandler),
	})
	for _, kind := range []struct {
		name    string
		handler http.Handler
		query   string
	}{
		{"get/bare", bareHandler(service, false), ""},
		{"get/graphql", api, benchGet},
		{"list/graphql", api, benchList},
		{"update/bare", bareHandler(service, true), ""},
		{"update/graphql", api, benchUpdate},
	} {
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				var body []byte
				if kind.query == "" {
					body = fmt.Appendf(nil, `{"id": %q, "name": "Lunch %d"}`, id, n)
				} else {
					body = fmt.Appendf(nil, `{"query": %q, "variables": {"id": %q, "name": "Lunch %d"}}`, kind.query, id, n)
				}
				r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				kind.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK || bytes.Contains(w.Body.Bytes(), []byte(`"errors"`)) {
					b.Fatalf("got %d: %s", w.Code, w.Body)
				}
			}
		})
	}
}

// bareHandler is a handler as one would write it without GraphQL.
func bareHandler(service *dialog.Service, update bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ ID, Name string }
		text, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(text, &in)
		}
		var d dialog.Dialog
		if err == nil && update {
			var out dialog.Outcome
			out, err = service.Update(r.Context(), user("alice"), in.ID, dialog.Change{Name: dialog.Some(in.Name)})
			d = out.Dialog
		} else if err == nil {
			d, err = service.Dialog(r.Context(), user("alice"), in.ID, false)
		}
		if err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
			return
		}
		view := model.NewDialog(d, user("alice"), service.Policy())
		answer, err := json.Marshal(map[string]any{"data": map[string]any{"dialog": map[string]any{
			"id": d.ID, "type": d.Type, "name": d.Name, "ownerId": d.Owner, "occupantIds": d.Occupants, "version": d.Version,
			"updatedAt": d.UpdatedAt.Format(dialog.TimeFormat), "viewerCanRename": view.ViewerCanRename(), "viewerStanding": view.ViewerStanding().String(),
		}}})
		if err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}
}
