package e2e_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// TestGuardsAnswerLikeTheAPI has a guard before all APIs refuse a request: the
// refusal has the shape of the API that the request was for.
func TestGuardsAnswerLikeTheAPI(t *testing.T) {
	s := start(t, "--limit-headers", "2048")
	for path, shape := range map[string]string{
		"/graphql":          `^\{"errors":\[\{"message":"the request header is too large`,
		"/chat/Dialog.json": `^\{"errors":\["the request header is too large`,
		"/session.json":     `^\{"errors":\["the request header is too large`,
		"/healthz":          `^\{"errors":\[\{"message":"the request header is too large`,
	} {
		answer := s.Do(http.MethodGet, path, servertest.Header{"X-Long", strings.Repeat("x", 3000)}, nil)
		if answer.Status != http.StatusRequestHeaderFieldsTooLarge || !regexp.MustCompile(shape).Match(answer.Body) {
			t.Errorf("%s: got %d %s, want %s", path, answer.Status, answer.Body, shape)
		}
	}
	// What is much longer is not read at all.
	header := "GET /graphql HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", 4*2048+8<<10) + "\r\n\r\n"
	if answer := answerOf(t, servertest.Patience, dial(t, s.Server, header)); answer.Status != http.StatusRequestHeaderFieldsTooLarge || bytes.Contains(answer.Body, []byte("errors")) {
		t.Errorf("a header that is longer than what is read: got %d %s", answer.Status, answer.Body)
	}
}

// TestSignInIsAskedFor sends an unknown credential to each API: the answer says how to
// sign in.
func TestSignInIsAskedFor(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/graphql?query={viewer{kind}}", "/chat/Dialog.json"} {
		answer := s.Do(http.MethodGet, path, servertest.WithToken("bad-token"), nil)
		if answer.Status != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %d %v: %s", path, answer.Status, answer.Header, answer.Body)
		}
	}
	answer := s.Do(http.MethodGet, "/chat/Dialog.json", nil, nil)
	if answer.Status != http.StatusUnauthorized || !strings.Contains(answer.Header.Get("WWW-Authenticate"), "ApiKey") {
		t.Errorf("without credentials: got %d %v: %s", answer.Status, answer.Header, answer.Body)
	}
}

// TestGzip asks for a compressed answer.
func TestGzip(t *testing.T) {
	s := start(t, "--introspection")
	answer := s.Do(http.MethodPost, "/graphql", servertest.Header{"Content-Type", "application/json", "Accept-Encoding", "gzip"}, []byte(`{"query": "{ __schema { types { name description } } }"}`))
	if answer.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %v", answer.Header)
	}
	r, err := gzip.NewReader(bytes.NewReader(answer.Body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !strings.Contains(string(text), `"PublicGroup`) && !strings.Contains(string(text), `"DialogType"`) {
		t.Errorf("got error %v and %s", err, text)
	}
}

// TestNoIntrospection asks a server for its schema that was not told to show it.
func TestNoIntrospection(t *testing.T) {
	reply := start(t).Post(nil, `{ __schema { queryType { name } } }`, nil)
	if len(reply.Errors) != 1 || !strings.Contains(reply.Errors[0].Message, "--introspection") {
		t.Errorf("got %s", reply.Body)
	}
}

// TestChangesAreAnnounced makes changes one after the other, each as soon as the
// one before was told to a subscriber and to a webhook. Without announcements,
// both would look once a second, and the changes would take longer than
// the test waits.
func TestChangesAreAnnounced(t *testing.T) {
	t.Parallel()
	s := start(t, "--rate-limit", "0", "--webhook-allow", "127.0.0.1")
	id := newGroup(t, s.Server)
	alice := servertest.WithToken(s.Token("alice"))
	receiver := newHook(t)
	s.Must(servertest.WithKey(s.MustCLI("apikey", "create", "webhooks")), `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})
	ws := connectSocket(t, s.Server, alice)
	ws.subscribe("1", `subscription { dialogsChanged(after: "`+ws.position()+`") { dialog { name } } }`)
	rounds := int(2 * servertest.Patience / time.Second)
	rename := func(name string) {
		t.Helper()
		s.Must(alice, `mutation { updateDialog(id: "`+id+`", input: { name: "`+name+`" }) { replayed } }`, nil)
	}
	told := time.Now()
	for i := range rounds {
		name := fmt.Sprint("Lunch ", i)
		rename(name)
		if kind, text := ws.next(); kind != "next" || !strings.Contains(text, name) {
			t.Fatalf("got %s, want %s", text, name)
		}
	}
	delivered := time.Now()
	if took := delivered.Sub(told); took > servertest.Patience {
		t.Errorf("subscribers were told of %d changes in %v", rounds, took)
	}
	for i := range rounds {
		rename(fmt.Sprint("Dinner ", i))
		receiver.await(t, fmt.Sprint(id, "_", 2+rounds+i))
	}
	if took := time.Since(delivered); took > servertest.Patience {
		t.Errorf("%d changes were delivered in %v", rounds, took)
	}
}

// TestChangesOfOthersAreAnnounced makes changes through an instance that does not serve the
// webhook, each as soon as the one before was delivered: the instance that serves it is told
// by the store, and does not look once a second.
func TestChangesOfOthersAreAnnounced(t *testing.T) {
	store, secret := mongotest.Real(t, "change streams"), []string{"DIALOGS_SECRET=" + rand.Text() + rand.Text()}
	instance := func() *servertest.Server {
		return servertest.StartWith(t, secret, store, "--rate-limit", "0", "--webhook-allow", "127.0.0.1")
	}
	serving := instance()
	receiver := newHook(t)
	key := servertest.WithKey(serving.MustCLI("apikey", "create", "webhooks"))
	serving.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})
	id := newGroup(t, serving)
	receiver.await(t, id+"_1") // from now on, the webhook is this instance's
	other, begun := instance(), time.Now()
	rounds := int(2 * servertest.Patience / time.Second)
	for i := range rounds {
		other.Must(key, `mutation { updateDialog(id: "`+id+`", input: { name: "`+fmt.Sprint(i)+`" }) { replayed } }`, nil)
		receiver.await(t, fmt.Sprint(id, "_", 2+i))
	}
	if took := time.Since(begun); took > servertest.Patience {
		t.Errorf("%d changes were delivered in %v", rounds, took)
	}
}

// TestReplayOfWhatIsForgotten replays the changes since before what the store keeps: the
// receiver is told of a gap.
func TestReplayOfWhatIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t, "--keep-changes", "2h", "--webhook-allow", "127.0.0.1")
	receiver := newHook(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "webhooks"))
	made := s.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { webhook { id } } }`, map[string]any{"url": receiver.URL})
	var h struct{ Webhook struct{ ID string } }
	servertest.Decode(t, made.Data["createWebhook"], &h)
	id := newGroup(t, s.Server)
	receiver.await(t, id+"_1")
	s.MustCLI("webhook", "replay", h.Webhook.ID, "--since", "3h")
	receiver.awaitGap(t, h.Webhook.ID)
}

// TestReadOnlyDeliversNothing starts a server in maintenance with a webhook that has
// something to deliver: it does not try to.
func TestReadOnlyDeliversNothing(t *testing.T) {
	s := start(t, "--webhook-allow", "127.0.0.1")
	s.MustCLI("webhook", "add", newHook(t).URL, "--webhook-allow", "127.0.0.1")
	newGroup(t, s.Server)
	s.Stop()
	s = startAt(t, s.Store, "--read-only", "--log-level", "debug", "--webhook-allow", "127.0.0.1")
	s.Stop()
	if log := s.Stderr.String(); strings.Contains(log, "webhooks interrupted") {
		t.Errorf("got %s", log)
	}
}

// TestMetricsOfMongo counts how updates went in MongoDB.
func TestMetricsOfMongo(t *testing.T) {
	s := startOnMongo(t, "--admin-listen", "127.0.0.1:0")
	id := newGroup(t, s.Server)
	s.Must(servertest.WithToken(s.Token("alice")), `mutation { updateDialog(id: "`+id+`", input: { name: "x" }) { replayed } }`, nil)
	if _, body := ask(t, s.Server, "/metrics"); !regexp.MustCompile(`(?m)^dialogs_store_updates_total\{way="straight"\} 1`).MatchString(body) {
		t.Errorf("got %s", body)
	}
}
