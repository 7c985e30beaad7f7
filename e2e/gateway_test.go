package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// TestGatewayWithoutItsDatabase takes the database from behind a gateway that
// goes on answering pings: the server is not ready, every answer of both APIs
// says that the store is away, and the log says each change once. Then it comes
// back.
func TestGatewayWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	gateway := mongotest.NewGateway(t, mongotest.URI(t))
	s := servertest.StartWith(t, []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32)}, gateway.URI(), "--store-timeout", "20s", "--rate-limit", "0")
	alice := servertest.WithToken(s.Token("alice"))
	ready := func(want int) {
		t.Helper()
		for ended := time.Now().Add(servertest.Patience); ; time.Sleep(50 * time.Millisecond) { // an answer is good for a second
			status, body := s.Get("/readyz")
			if status == want {
				return
			}
			if time.Now().After(ended) {
				t.Fatalf("got %d: %s, want %d", status, body, want)
			}
		}
	}
	ready(http.StatusOK)
	var created struct{ Dialog struct{ ID string } }
	servertest.Decode(t, s.Must(alice, `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil).Data["createDialog"], &created)
	id := created.Dialog.ID

	gateway.React(func(string) mongotest.Reaction { return mongotest.Fail(1, "InternalError") })
	ready(http.StatusServiceUnavailable)
	for _, query := range []string{
		`{ dialogs(first: 1) { nodes { id } } }`,
		`{ dialog(id: "` + id + `") { id } }`,
		`mutation { updateDialog(id: "` + id + `", input: {name: "y"}) { dialog { id } } }`,
	} {
		reply := s.Post(alice, query, nil)
		if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "UNAVAILABLE" {
			t.Errorf("%s: got %s", query, reply.Body)
		}
	}
	if status, body := s.Rest(alice, http.MethodGet, "/chat/Dialog/"+id+".json", nil); status != http.StatusServiceUnavailable {
		t.Errorf("got %d: %s", status, body)
	}
	gateway.React(func(string) mongotest.Reaction { return mongotest.Pass() })
	ready(http.StatusOK)
	s.Must(alice, `{ dialog(id: "`+id+`") { id } }`, nil)
	s.Stop()
	changes := regexp.MustCompile(`"msg":"store (unavailable|available again)"`).FindAllStringSubmatch(s.Stderr.String(), -1)
	if len(changes) < 2 {
		t.Errorf("the log does not say that the store was away: %s", s.Stderr)
	}
	for i, change := range changes { // a busy machine may have more of them
		if want := []string{"unavailable", "available again"}[i%2]; change[1] != want {
			t.Errorf("change %d of the store is logged as %q, want %q, once for each change: %s", i, change[1], want, s.Stderr)
		}
	}
}
