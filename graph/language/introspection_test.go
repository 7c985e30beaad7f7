package language_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph"
)

// TestIntrospection compares what the server says of its schema with what
// graphql-js says of the same text: every name, type, default, description and
// directive, and empty lists where there is nothing.
func TestIntrospection(t *testing.T) {
	want := openOracle(t, schemas...).judge([]request{{Introspect: true}})[0]
	limits := graph.DefaultLimits()
	handler := graph.NewHandler(graph.Config{
		Service:       dialog.NewService(nil, dialog.DefaultPolicy(dialog.DefaultLimits()), nil, nil), // its store is not read
		Requests:      budget.NewRequests(budget.DefaultLimits()),
		Answers:       budget.NewAnswers(budget.DefaultLimits()),
		Caller:        func(context.Context) dialog.Caller { return dialog.Caller{} },
		Log:           slog.New(slog.DiscardHandler),
		Introspection: true,
		Limits:        limits,
	})
	body, err := json.Marshal(map[string]string{"query": want.Query})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	var got struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Errors != nil {
		t.Fatalf("got %v: %.500s", err, w.Body)
	}
	if diff := cmp.Diff(ordered(plain(t, want.Data)), ordered(plain(t, got.Data))); diff != "" {
		t.Errorf("the server's introspection differs from graphql-js's (-want +got):\n%s", diff)
	}
}

// ordered leaves out what is each library's own and sorts lists of things with
// names, whose order means nothing.
func ordered(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, e := range v {
			if !strings.HasPrefix(text(e, "name"), "__") {
				list = append(list, ordered(e))
			}
		}
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(text(a, "name"), text(b, "name")) })
		return list
	case map[string]any:
		if v["isRepeatable"] != nil { // a draft that graphql-js has already
			delete(v, "isDeprecated")
			delete(v, "deprecationReason")
		}
		if value := text(v, "defaultValue"); value != "" {
			v["defaultValue"] = strings.ReplaceAll(value, " ", "")
		}
		if slices.Contains([]string{"Boolean", "ID", "Int", "String"}, text(v, "name")) {
			delete(v, "description")
		}
		for name := range v {
			v[name] = ordered(v[name])
		}
	}
	return v
}

func text(v any, name string) string {
	object, _ := v.(map[string]any)
	s, _ := object[name].(string)
	return s
}
