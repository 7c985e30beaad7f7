package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store"
	"dialogs/store/mongo/mongotest"

	"dialogs/servertest"
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
	token := servertest.WithToken(s.MustCLI("token", "alice"))
	ids := make([]string, 64)
	for i := range ids {
		answer := s.Must(token, `mutation { createDialog(input: {type: GROUP, name: "Lunch", occupantIds: ["bob"]}) { dialog { id } } }`, nil)
		var made struct{ Dialog struct{ ID string } }
		servertest.Decode(b, answer.Data["createDialog"], &made)
		ids[i] = made.Dialog.ID
	}
	s.Client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	served := s.URL
	for _, clients := range []int{1, 8, 64} {
		for _, kind := range []struct{ name, url, query string }{
			{"bare", bare.URL, benchGet}, {"get", served, benchGet}, {"update", served, benchUpdate},
		} {
			b.Run(fmt.Sprintf("%s/clients=%d", kind.name, clients), func(b *testing.B) {
				s.URL = kind.url
				defer func() { s.URL = served }()
				s.flood(b, token, kind.query, ids, clients)
			})
		}
	}
}

// flood sends b.N operations from as many clients, each on a dialog of its own.
func (r server) flood(b *testing.B, h servertest.Header, query string, ids []string, clients int) {
	b.Helper()
	many(b, clients, func(client, n int) error {
		body, err := json.Marshal(map[string]any{
			"query": query, "variables": map[string]any{"id": ids[client], "name": fmt.Sprintf("Lunch %d", n)},
		})
		if err != nil {
			return err
		}
		answer, err := r.Try(h, body)
		if err == nil && len(answer.Errors) > 0 {
			err = errors.New(string(answer.Body))
		}
		return err
	})
}

// many does b.N things by as many clients at once.
func many(b *testing.B, clients int, do func(client, n int) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := do(client, int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkMongo measures updates on MongoDB at 1, 8 and 32 clients, each on a
// dialog of its own: by the service, and through the whole server. The bare
// loop of the driver is beside the store in store/mongo.
func BenchmarkMongo(b *testing.B) {
	uri := mongotest.URI(b)
	s := startAt(b, uri, "--secret", "a secret of this benchmark alone", "--rate-limit", "0")
	st, err := store.Open(b.Context(), uri, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	service := dialog.NewService(st, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	alice := dialog.Caller{User: "alice"}
	ids := make([]string, 32)
	for i := range ids {
		out, err := service.Create(b.Context(), alice, dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"bob"}})
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = string(out.Dialog.ID)
	}
	minter, err := auth.NewMinter([][]byte{[]byte("a secret of this benchmark alone")}, time.Now, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := minter.Mint("alice", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	s.Client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("service/clients=%d", clients), func(b *testing.B) {
			many(b, clients, func(client, n int) error {
				_, err := service.Update(b.Context(), alice, ids[client], dialog.Change{Name: dialog.Some(fmt.Sprintf("Lunch %d", n))})
				return err
			})
		})
		b.Run(fmt.Sprintf("graphql/clients=%d", clients), func(b *testing.B) {
			s.flood(b, servertest.WithToken(token), benchUpdate, ids, clients)
		})
	}
}
