package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// A target is the server that runs at the moment.
type target struct {
	atomic.Pointer[servertest.Process]
}

// ask sends a query until a server answers it.
func (t *target) ask(ctx context.Context, as servertest.Header, query string, variables map[string]any) (map[string]json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	for {
		reply, err := t.Load().Try(as, body)
		if err == nil && len(reply.Errors) == 0 {
			return reply.Data, nil
		}
		if err == nil && reply.Errors[0].Extensions.Code != "UNAVAILABLE" {
			return nil, fmt.Errorf("%s", reply.Body)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond): // it is being started
		}
	}
}

// An eventOf is an event of either subscription.
type eventOf struct {
	DialogID, Cursor string
	Change           *struct{ Version int }
	Dialog           *struct{ Version int }
}

// A follower keeps a copy of what one user sees, through connections that break.
type follower struct {
	*target
	name   string
	user   servertest.Header
	one    string                                       // the dialog that is followed; empty for all
	follow func(ctx context.Context, f *follower) error // until the connection breaks
	random *rand.Rand

	mu        sync.Mutex
	variables map[string]any // after or sinceVersion, and id
	copy      map[string]int
	versions  map[string][]int
}

const (
	chaosAll = `subscription($after: String) { e: dialogsChanged(after: $after) { dialogId cursor change { version } dialog { version } } }`
	chaosOne = `subscription($id: ID!, $sinceVersion: Int) { e: dialogChanged(id: $id, sinceVersion: $sinceVersion) { dialogId change { version } dialog { version } } }`
)

func (f *follower) query() string {
	if f.one != "" {
		return chaosOne
	}
	return chaosAll
}

// note takes an event into the copy. At random, its error cuts the connection.
func (f *follower) note(payload []byte) error {
	var got struct {
		Data   struct{ E *eventOf }
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(payload, &got); err != nil || got.Data.E == nil {
		return unexpected(payload)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e := got.Data.E
	if e.Change != nil {
		f.versions[e.DialogID] = append(f.versions[e.DialogID], e.Change.Version)
		f.variables["sinceVersion"] = e.Change.Version
	}
	if e.Cursor != "" {
		f.variables["after"] = e.Cursor
	}
	if e.Dialog == nil {
		delete(f.copy, e.DialogID)
	} else {
		f.copy[e.DialogID] = e.Dialog.Version
	}
	if f.random.IntN(20) == 0 {
		return errors.New("cut")
	}
	return nil
}

func (f *follower) sent() map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.variables)
}

// errWrong is an answer that must not be.
var errWrong = errors.New("unexpected answer")

// unexpected is the error for something else than an event: that the store is away is no
// wrong answer.
func unexpected(got []byte) error {
	if bytes.Contains(got, []byte(`"UNAVAILABLE"`)) {
		return errors.New("unavailable")
	}
	return fmt.Errorf("%w: got %s", errWrong, got)
}

// oneConnection is a client that closes its connection after one answer.
func (t *target) oneConnection() *http.Client {
	transport := &http.Transport{DisableKeepAlives: true}
	if own, ok := t.Load().Client.Transport.(*http.Transport); ok {
		// The copy waits for the transport to be set up, which others may do now.
		if config := own.Clone().TLSClientConfig; config != nil {
			config.NextProtos = []string{"http/1.1"}
			transport.TLSClientConfig = config
		}
	}
	return &http.Client{Transport: transport}
}

// overWebSocket follows through one WebSocket.
func overWebSocket(ctx context.Context, f *follower) error {
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, f.Load().URL+"/graphql", &websocket.DialOptions{
		HTTPClient: f.oneConnection(), Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return err
	}
	defer func() { _ = ws.CloseNow() }()
	begin, err := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": f.query(), "variables": f.sent()}})
	if err != nil {
		return err
	}
	credentials := map[string]string{}
	for name, value := range f.user.All() {
		credentials[name] = value
	}
	hello, err := json.Marshal(map[string]any{"type": "connection_init", "payload": credentials})
	if err != nil {
		return err
	}
	for _, message := range [][]byte{hello, begin} {
		if err := ws.Write(ctx, websocket.MessageText, message); err != nil {
			return err
		}
		if bytes.Equal(message, begin) {
			break
		}
		if _, _, err := ws.Read(ctx); err != nil { // the acknowledgement
			return err
		}
	}
	for {
		_, text, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil || m.Type != "next" {
			return unexpected(text)
		}
		if err := f.note(m.Payload); err != nil {
			return err
		}
	}
}

// overEvents follows through one event stream.
func overEvents(ctx context.Context, f *follower) error {
	body, err := json.Marshal(map[string]any{"query": f.query(), "variables": f.sent()})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.Load().URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	for name, value := range f.user.All() {
		r.Header.Set(name, value)
	}
	response, err := f.oneConnection().Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if payload, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := f.note([]byte(payload)); err != nil {
				return err
			}
		}
		if lines.Text() == "event: complete" {
			return fmt.Errorf("%w: the stream is complete", errWrong)
		}
	}
	return errors.New("the stream ended")
}

// byPolling asks for changes again and again.
func byPolling(ctx context.Context, f *follower) error {
	for {
		data, err := f.ask(ctx, f.user, `query($after: String) { dialogChanges(after: $after, first: 3) { cursor hasMore changed { id version } removedIds } }`, f.sent())
		if err != nil {
			return fmt.Errorf("%w: %w", errWrong, err)
		}
		var got struct {
			Cursor  string
			HasMore bool
			Changed []struct {
				ID      string
				Version int
			}
			RemovedIDs []string
		}
		if err := json.Unmarshal(data["dialogChanges"], &got); err != nil {
			return fmt.Errorf("%w: %w", errWrong, err)
		}
		f.mu.Lock()
		for _, d := range got.Changed {
			f.copy[d.ID] = d.Version
		}
		for _, id := range got.RemovedIDs {
			delete(f.copy, id)
		}
		f.variables["after"] = got.Cursor
		pause := time.Duration(f.random.IntN(100)) * time.Millisecond
		f.mu.Unlock()
		if got.HasMore {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := f.follow(ctx, f); errors.Is(err, errWrong) && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (f *follower) has(want map[string]int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Equal(f.copy, want)
}

// TestLiveChaos kills the server again and again while dialogs change, and clients
// follow by each way there is, over connections that break at random. In the end each
// has a copy of what there is, and nobody was told anything twice or out of order.
func TestLiveChaos(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	now := &target{}
	now.Store(servertest.SpawnAt(t, dir, "--rate-limit", "0"))
	alice, bob := servertest.WithToken(now.Load().MustCLI("token", "alice")), servertest.WithToken(now.Load().MustCLI("token", "bob"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ids []string
	start := map[string]string{}
	for user, as := range map[string]servertest.Header{"alice": alice, "bob": bob} {
		data := now.Load().Must(as, `{ dialogChanges { cursor } }`, nil).Data
		var at struct{ Cursor string }
		servertest.Decode(t, data["dialogChanges"], &at)
		start[user] = at.Cursor
	}
	for range 4 {
		ids = append(ids, newGroup(t, now.Load().Server))
	}
	var followers []*follower
	add := func(name string, user servertest.Header, follow func(context.Context, *follower) error, variables map[string]any) {
		one, _ := variables["id"].(string)
		followers = append(followers, &follower{
			target: now, name: name, user: user, one: one, follow: follow, variables: variables, random: rand.New(rand.NewPCG(uint64(len(followers)), 1)),
			copy: map[string]int{}, versions: map[string][]int{},
		})
	}
	for user, as := range map[string]servertest.Header{"alice": alice, "bob": bob} {
		add(user+" by WebSocket", as, overWebSocket, map[string]any{"after": start[user]})
		add(user+" by event stream", as, overEvents, map[string]any{"after": start[user]})
		add(user+" by polling", as, byPolling, map[string]any{"after": start[user]})
	}
	add("alice, one dialog by WebSocket", alice, overWebSocket, map[string]any{"id": ids[0], "sinceVersion": 1})
	add("alice, one dialog by event stream", alice, overEvents, map[string]any{"id": ids[0], "sinceVersion": 1})
	var following sync.WaitGroup
	for _, f := range followers {
		following.Go(func() {
			if err := f.run(ctx); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		})
	}
	kills := dialogtest.Times(3, 60)
	for round := range kills + 1 {
		changeAtRandom(t, now, alice, ids, uint64(round), func() {
			if round < kills {
				now.Load().Kill()
				now.Store(servertest.SpawnAt(t, dir, "--rate-limit", "0"))
			}
		})
	}
	for _, f := range followers {
		want := f.expected(ctx, t, ids)
		for deadline := time.Now().Add(servertest.Patience); !f.has(want); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s: the copy is %v, want %v", f.name, f.copy, want)
				break
			}
		}
	}
	cancel()
	following.Wait()
	for _, f := range followers {
		f.check(t)
	}
}

// changeAtRandom makes changes, and does something in their midst.
func changeAtRandom(t *testing.T, now *target, as servertest.Header, ids []string, seed uint64, meanwhile func()) {
	t.Helper()
	var writing sync.WaitGroup
	for w, id := range ids {
		writing.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			for n := range 20 {
				change := []string{
					fmt.Sprintf("name: %q", fmt.Sprint(seed, n)), `addOccupants: ["bob"]`, `removeOccupants: ["bob"]`,
				}[max(0, random.IntN(6)-3)]
				_, err := now.ask(t.Context(), as, `mutation($id: ID!) { updateDialog(id: $id, input: { `+change+` }) { replayed } }`, map[string]any{"id": id})
				if err != nil && !strings.Contains(err.Error(), "BAD_USER_INPUT") { // someone who is out cannot be removed
					t.Error(err)
				}
			}
		})
	}
	meanwhile()
	writing.Wait()
}

// expected is what the follower's user has now.
func (f *follower) expected(ctx context.Context, t *testing.T, ids []string) map[string]int {
	t.Helper()
	data, err := f.ask(ctx, f.user, `{ dialogs(first: 100) { nodes { id version } } }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Nodes []struct {
			ID      string
			Version int
		}
	}
	servertest.Decode(t, data["dialogs"], &list)
	want := map[string]int{}
	for _, d := range list.Nodes {
		if f.one == "" || f.one == d.ID {
			want[d.ID] = d.Version
		}
	}
	return want
}

// check looks for changes that were told twice, or out of order; and, of one dialog, for
// those that were not told.
func (f *follower) check(t *testing.T) {
	t.Helper()
	for id, told := range f.versions {
		if !slices.IsSorted(told) || len(slices.Compact(slices.Clone(told))) != len(told) {
			t.Errorf("%s: of %s they were told of %v", f.name, id, told)
		}
		if last := told[len(told)-1]; f.one != "" && len(told) != last-1 {
			t.Errorf("%s: they were told of %v, want all from 2 to %d", f.name, told, last)
		}
	}
}
