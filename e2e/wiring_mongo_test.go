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

// mongoTrials have the settings of stores in MongoDB.
func mongoTrials() []trial {
	const pool, others = 8, 4 // others watch the server or wait for changes
	var counting, silent *mongotest.Proxy
	through := func(proxy **mongotest.Proxy) func(*testing.T) string {
		return func(t *testing.T) string {
			t.Helper()
			*proxy = mongotest.NewProxy(t, mongotest.URI(t), 5*time.Millisecond)
			return (*proxy).URI
		}
	}
	secret := []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32)}
	return []trial{{
		name: "timeout of MongoDB", environ: secret, store: through(&silent), beside: []string{"--request-timeout", "1h"},
		wires: []wire{{"store-timeout", "1s", func(t *testing.T, s *servertest.Server) {
			alice := servertest.WithToken(s.Token("alice"))
			// The store may need longer than the timeout to connect at first.
			for deadline := time.Now().Add(servertest.Patience); ; {
				reply := s.Post(alice, `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`, nil)
				if len(reply.Errors) == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("got %s", reply.Body)
				}
			}
			silent.Pause()
			givesUp(t, s, alice, 4*time.Second)
		}}},
	}, {
		name: "connections to MongoDB", environ: secret, store: through(&counting),
		wires: []wire{
			{"mongo-pool-min", fmt.Sprint(pool), func(t *testing.T, _ *servertest.Server) {
				counting.AwaitOpen(t, pool)
			}},
			{"mongo-pool-max", fmt.Sprint(pool), func(t *testing.T, s *servertest.Server) {
				createAtOnce(t, s, 4*pool)
				if peak := counting.Peak(); peak > pool+others {
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
