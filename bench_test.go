package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	benchUpdate = `mutation($id: ID!, $name: String) { updateDialog(id: $id, input: {name: $name}) { dialog { id name version } } }`
	benchGet    = `query($id: ID!) { dialog(id: $id) { id type name ownerId occupantIds version updatedAt viewerCanRename } }`
)

// BenchmarkHTTP measures one operation through the whole server, at 1, 8 and
// 64 clients, beside a bare net/http handler that decodes the same request and
// returns a fixed answer. The store alone is measured in store/sqlite.
func BenchmarkHTTP(b *testing.B) {
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Query     string
			Variables map[string]any
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"data":{"dialog":{"id":"65ba1b4a0000000000000001","type":"GROUP","name":"Lunch","ownerId":"alice","occupantIds":["alice","bob"],"version":1,"updatedAt":"2026-01-31T09:30:00.000Z","viewerCanRename":true}}}`)
	}))
	defer bare.Close()
	s := start(b, "--rate-limit", "0", "--log-level", "info")
	token := withToken(s.mustCLI("token", "alice"))
	ids := make([]string, 64)
	for i := range ids {
		answer := s.must(token, `mutation { createDialog(input: {type: GROUP, name: "Lunch", occupantIds: ["bob"]}) { dialog { id } } }`, nil)
		var made struct{ Dialog struct{ ID string } }
		unmarshal(b, answer.Data["createDialog"], &made)
		ids[i] = made.Dialog.ID
	}
	s.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	served := s.url
	for _, clients := range []int{1, 8, 64} {
		for _, kind := range []struct{ name, url, query string }{
			{"bare", bare.URL, benchGet}, {"get", served, benchGet}, {"update", served, benchUpdate},
		} {
			b.Run(fmt.Sprintf("%s/clients=%d", kind.name, clients), func(b *testing.B) {
				s.url = kind.url
				defer func() { s.url = served }()
				s.flood(b, token, kind.query, ids, clients)
			})
		}
	}
}

// flood sends b.N operations from as many clients, each on a dialog of its own.
func (r *running) flood(b *testing.B, h header, query string, ids []string, clients int) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				body, err := json.Marshal(map[string]any{
					"query": query, "variables": map[string]any{"id": ids[client], "name": fmt.Sprintf("Lunch %d", n)},
				})
				if err != nil {
					b.Error(err)
					return
				}
				if answer, err := r.try(h, body); err != nil || len(answer.Errors) > 0 {
					b.Errorf("%v: %s", err, answer.Body)
					return
				}
			}
		})
	}
	all.Wait()
}
