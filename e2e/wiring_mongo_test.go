package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// mongoTrials have the settings of MongoDB. Their effects count connections.
func mongoTrials() []trial {
	const pool, others = 8, 4 // others watch the server or wait for changes
	var proxy *mongotest.Proxy
	return []trial{{
		name:    "connections to MongoDB",
		environ: []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32)},
		store: func(t *testing.T) string {
			t.Helper()
			proxy = mongotest.NewProxy(t, mongotest.URI(t), 5*time.Millisecond)
			return proxy.URI
		},
		wires: []wire{
			{"mongo-pool-min", fmt.Sprint(pool), func(t *testing.T, _ *servertest.Server) {
				proxy.AwaitOpen(t, pool)
			}},
			{"mongo-pool-max", fmt.Sprint(pool), func(t *testing.T, s *servertest.Server) {
				createAtOnce(t, s, 4*pool)
				if peak := proxy.Peak(); peak > pool+others {
					t.Errorf("%d connections were open at once, want at most %d", peak, pool+others)
				}
			}},
		},
	}}
}

// createAtOnce makes many users create dialogs at once.
func createAtOnce(t *testing.T, s *servertest.Server, users int) {
	t.Helper()
	body := mustJSON(t, map[string]string{"query": `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`})
	var all sync.WaitGroup
	for user := range users {
		token := servertest.WithToken(s.Token(fmt.Sprint("user", user)))
		all.Go(func() {
			for range 5 {
				if reply, err := s.Try(token, body); err != nil || len(reply.Errors) > 0 {
					t.Errorf("got %s and error %v", reply.Body, err)
				}
			}
		})
	}
	all.Wait()
}
